import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificates, type Certificates } from './certificates.ts';
import type { Inputs } from '../inputs.ts';
import { decoded } from '../testing.ts';
import { Graph } from '../../reactive/graph.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import { selfSigned } from '../../../test/e2e/support/certificate.ts';

const pair = selfSigned('a.example.com', '*.b.example.com');
const other = selfSigned('a.example.com');

const base64 = (text: string) => Buffer.from(text).toString('base64');

function check(secret: object): Certificates {
  const graph = new Graph();
  const source = graph.source<ResourceOf<'Secret'>>('Secret');
  const found = certificates(graph, { resources: { Secret: source } } as unknown as Inputs);
  source.set('default/s', decoded('Secret', { metadata: { name: 's' }, ...secret }));
  graph.settle();
  return found;
}

test('a certificate with its key is good, with the names that it is for', () => {
  const { secrets, certificates: good } = check({ data: { 'tls.crt': base64(pair.chain), 'tls.key': base64(pair.privateKey) } });
  assert.deepEqual(secrets.get('default/s'), { problem: undefined, names: ['a.example.com', '*.b.example.com'] });
  assert.deepEqual(good.get('Secret/default/s'), { key: 'Secret/default/s', chain: pair.chain, privateKey: pair.privateKey });
});

test('stringData wins over data', () => {
  const { secrets } = check({
    data: { 'tls.crt': base64('old'), 'tls.key': base64('old') },
    stringData: { 'tls.crt': pair.chain, 'tls.key': pair.privateKey },
  });
  assert.equal(secrets.get('default/s')?.problem, undefined);
});

const bad: readonly [sentence: string, data: Readonly<Record<string, string>>, problem: string][] = [
  ['no certificate', { 'tls.key': pair.privateKey }, 'has no tls.crt'],
  ['no key', { 'tls.crt': pair.chain }, 'has no tls.key'],
  ['no PEM for a certificate', { 'tls.crt': 'x', 'tls.key': pair.privateKey }, 'is of no use: the certificate is not valid PEM'],
  ['no PEM for a key', { 'tls.crt': pair.chain, 'tls.key': 'x' }, 'is of no use: the private key is not valid PEM'],
  ['the key of another certificate', { 'tls.crt': pair.chain, 'tls.key': other.privateKey }, 'is of no use: the private key does not belong to the certificate'],
];

for (const [sentence, stringData, problem] of bad) {
  test(`${sentence} is a problem, and goes nowhere`, () => {
    const { secrets, certificates: good } = check({ stringData });
    assert.deepEqual(secrets.get('default/s'), { problem, names: [] });
    assert.equal(good.size, 0);
  });
}
