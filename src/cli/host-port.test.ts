import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adminOption } from './host-port.ts';

const cases: [string, { host: string; port: number } | 'off'][] = [
  ['127.0.0.1:19000', { host: '127.0.0.1', port: 19_000 }],
  ['localhost:0', { host: 'localhost', port: 0 }],
  ['[::1]:8080', { host: '[::1]', port: 8080 }],
  [':19001', { host: '127.0.0.1', port: 19_001 }],
  ['19001', { host: '127.0.0.1', port: 19_001 }],
  ['off', 'off'],
];
for (const [text, expected] of cases) {
  test(`${text} is an admin address`, () => assert.deepEqual(adminOption(text), expected));
}

for (const text of ['0.0.0.0:19000', '10.0.0.1:1', 'example.com:80', '127.0.0.1', '127.0.0.1:99999', '::1:80', '']) {
  test(`${JSON.stringify(text)} is no admin address`, () => assert.throws(() => adminOption(text), /loopback|HOST:PORT/));
}
