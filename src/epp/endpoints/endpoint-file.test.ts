import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeEndpointFile } from './endpoint-file.ts';

const entry = { name: 'a', address: '10.0.0.1', port: '8000' };

describe('a file of endpoints', () => {
  test('names servers, of the default namespace unless it says another', () => {
    const endpoints = [entry, { name: 'b', namespace: 'models', address: '2001:DB8::1', port: 8001, labels: { role: 'decode' } }];
    assert.deepEqual(decodeEndpointFile({ endpoints }), {
      endpoints: [
        { name: 'default/a-rank-0', pod: 'default/a', ip: '10.0.0.1', port: 8000, labels: {} },
        { name: 'models/b-rank-0', pod: 'models/b', ip: '2001:db8::1', port: 8001, labels: { role: 'decode' } },
      ],
      problems: [],
    });
  });

  const cases: readonly (readonly [string, unknown, readonly string[]])[] = [
    ['is an object', [entry], ['the file must be an object with a list "endpoints"']],
    ['is not empty', null, ['the file must be an object with a list "endpoints"']],
    ['has a list', { endpoints: { a: entry } }, ['endpoints: must be a list']],
    ['has nothing else', { endpoints: [], pods: [] }, ['pods: unknown field']],
    ['has objects in its list', { endpoints: ['10.0.0.1:8000'] }, ['endpoints[0]: must be an object']],
    ['has fields that are known', { endpoints: [{ ...entry, host: 'x' }] }, ['endpoints[0].host: unknown field']],
    ['needs names', { endpoints: [{ ...entry, name: undefined }, { ...entry, name: 'a/b' }] }, ['endpoints[0].name: nothing is no name of a server', 'endpoints[1].name: "a/b" is no name of a server']],
    ['needs addresses, not host names', { endpoints: [{ ...entry, address: 'localhost' }] }, ['endpoints[0].address: "localhost" is no IP address']],
    ['needs ports', { endpoints: [{ ...entry, port: '0' }, { ...entry, port: 8000.5 }] }, ['endpoints[0].port: "0" is no port, which is a number from 1 to 65535', 'endpoints[1].port: 8000.5 is no port, which is a number from 1 to 65535']],
    ['has texts as labels', { endpoints: [{ ...entry, labels: { a: 1 } }] }, ['endpoints[0].labels: must be an object of strings']],
    ['has namespaces that can be', { endpoints: [{ ...entry, namespace: 7 }] }, ['endpoints[0].namespace: 7 is no name of a namespace']],
  ];
  for (const [name, content, problems] of cases) test(name, () => assert.deepEqual(decodeEndpointFile(content), { endpoints: [], problems }));

  test('is good for the entries that are in order, and for the first of two that are alike', () => {
    const endpoints = [{ ...entry, port: 'x' }, entry, { ...entry, address: '10.0.0.2' }, { ...entry, name: 'c' }];
    const { endpoints: found, problems } = decodeEndpointFile({ endpoints });
    assert.deepEqual(found.map(({ name }) => name), ['default/a-rank-0']);
    assert.deepEqual(problems, [
      'endpoints[0].port: "x" is no port, which is a number from 1 to 65535',
      'endpoints[2].name: there is another endpoint default/a',
      'endpoints[3].address: default/a has the same address and port',
    ]);
  });

  test('has a bound', () => {
    assert.deepEqual(decodeEndpointFile({ endpoints: Array.from({ length: 10_001 }, () => entry) }).problems, ['endpoints: at most 10000 entries, not 10001']);
  });
});
