import assert from 'node:assert/strict';
import { test } from 'node:test';
import { externalAuthOf } from './external-auth.ts';
import type { HTTPExternalAuthFilter } from '../../api/types.ts';
import type { ExternalAuth } from '../../ir/external-auth.ts';
import type { Resolve } from '../backends/resolve.ts';

const backendRef = { group: '', kind: 'Service', name: 'auth', port: 80 };

const resolve: Resolve = ({ name }, traffic) => ({ backend: traffic?.http2 === true ? `${name}/h2c` : name });

const table: readonly [sentence: string, filter: Omit<HTTPExternalAuthFilter, 'backendRef'>, expected: ExternalAuth][] = [
  [
    'HTTP shows no more than it must, and the request takes along all',
    { protocol: 'HTTP', http: {} },
    { backend: 'auth', check: { type: 'http', pathPrefix: '', requestHeaders: [], responseHeaders: undefined }, bodyLimit: 0 },
  ],
  [
    'lists of headers are in lower case, each name once',
    { protocol: 'HTTP', http: { allowedHeaders: ['X-A', 'x-a', 'b'], allowedResponseHeaders: ['X-C'] }, forwardBody: { maxSize: 9 } },
    { backend: 'auth', check: { type: 'http', pathPrefix: '', requestHeaders: ['x-a', 'b'], responseHeaders: ['x-c'] }, bodyLimit: 9 },
  ],
  [
    'empty lists mean the same as none',
    { protocol: 'HTTP', http: { allowedHeaders: [], allowedResponseHeaders: [] }, forwardBody: {} },
    { backend: 'auth', check: { type: 'http', pathPrefix: '', requestHeaders: [], responseHeaders: undefined }, bodyLimit: 0 },
  ],
  ['gRPC is HTTP/2 and shows all', { protocol: 'GRPC', grpc: {} }, { backend: 'auth/h2c', check: { type: 'grpc', requestHeaders: undefined }, bodyLimit: 0 }],
  ['gRPC shows what is allowed', { protocol: 'GRPC', grpc: { allowedHeaders: ['A'] } }, { backend: 'auth/h2c', check: { type: 'grpc', requestHeaders: ['a'] }, bodyLimit: 0 }],
];

for (const [sentence, filter, expected] of table) {
  test(sentence, () => assert.deepEqual(externalAuthOf({ ...filter, backendRef }, resolve), expected));
}

const paths: readonly [path: string, prefix: string][] = [
  ['', ''],
  ['/', ''],
  ['/check', '/check'],
  ['check/', '/check'],
  ['/a/../b//c/.', '/b/c'],
  ['/../%2e%2E/x', '/x'],
  ['//other.host/x', '/other.host/x'],
];

for (const [path, prefix] of paths) {
  test(`the path "${path}" puts "${prefix}" before paths`, () => {
    const auth = externalAuthOf({ protocol: 'HTTP', http: { path }, backendRef }, resolve);
    assert.ok('check' in auth && auth.check.type === 'http');
    assert.equal(auth.check.pathPrefix, prefix);
  });
}

test('a service that is not there is a fault', () => {
  const fault = { reason: 'BackendNotFound', message: 'gone' };
  assert.deepEqual(externalAuthOf({ protocol: 'HTTP', http: {}, backendRef }, () => ({ fault })), { fault });
});
