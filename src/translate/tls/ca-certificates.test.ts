import assert from 'node:assert/strict';
import { test } from 'node:test';
import { caCertificates, type CaCertificateRef, type ResolvedCa } from './ca-certificates.ts';
import type { Inputs } from '../inputs.ts';
import { referenceGrants } from '../reference-grants.ts';
import { decoded, readDirectly } from '../testing.ts';
import { KINDS, type KindName } from '../../api/kinds.ts';
import type { Resource } from '../../api/resource.ts';
import type { Source } from '../../reactive/collection.ts';
import { Graph } from '../../reactive/graph.ts';
import { selfSigned } from '../../../test/e2e/support/certificate.ts';

const { chain } = selfSigned('ca.test');
const { chain: renewed } = selfSigned('ca.test');
const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';

function world() {
  const graph = new Graph();
  const resources = Object.fromEntries([...KINDS.keys()].map((kind) => [kind, graph.source<Resource>(kind)])) as unknown as Record<KindName, Source<Resource>>;
  const unreadable = graph.source<string>('unreadable');
  const inputs = { resources, unreadable } as unknown as Inputs;
  const cas = caCertificates(graph, inputs, referenceGrants(inputs.resources.ReferenceGrant));
  const wanted = graph.source<true>('wanted');
  const bundles = cas.bundles(graph, wanted);
  return {
    put: (kind: KindName, name: string, object: object): void => {
      const resource = decoded(kind, { metadata: { name }, ...object });
      resources[kind].set(resource.key, resource);
      graph.settle();
    },
    resolve: (...refs: CaCertificateRef[]): ResolvedCa => {
      graph.settle();
      return cas.resolve(readDirectly, { group: 'gateway.networking.k8s.io', kind: 'BackendTLSPolicy', namespace: 'default', invalidKind: 'InvalidKind' }, refs);
    },
    content: (key: string): string | undefined => {
      wanted.set(key, true);
      graph.settle();
      return bundles.get(key)?.certificates;
    },
  };
}

const configMap = (name: string, namespace?: string): CaCertificateRef => ({ group: '', kind: 'ConfigMap', name, namespace });
const secret = (name: string): CaCertificateRef => ({ group: '', kind: 'Secret', name });
const trustBundle = (name: string): CaCertificateRef => ({ group: 'certificates.k8s.io', kind: 'ClusterTrustBundle', name });

test('a ConfigMap, a Secret and a ClusterTrustBundle make one bundle together', () => {
  const { put, resolve, content } = world();
  put('ConfigMap', 'a', { data: { 'ca.crt': chain } });
  put('Secret', 'a', { stringData: { 'ca.crt': renewed } });
  put('ClusterTrustBundle', 'example.com:signer:a', { spec: { signerName: 'example.com/signer', trustBundle: chain } });
  const { trust, faults } = resolve(configMap('a'), secret('a'), trustBundle('example.com:signer:a'));
  assert.deepEqual(faults, []);
  assert.equal(trust, 'ca/ConfigMap/default/a,Secret/default/a,ClusterTrustBundle/example.com:signer:a');
  assert.equal(content(trust ?? ''), chain + renewed + chain);
});

test('a renewed certificate changes the bundle and nothing else', () => {
  const { put, resolve, content } = world();
  put('ConfigMap', 'a', { data: { 'ca.crt': chain } });
  const before = resolve(configMap('a'));
  put('ConfigMap', 'a', { data: { 'ca.crt': renewed } });
  assert.deepEqual(resolve(configMap('a')), before);
  assert.equal(content(before.trust ?? ''), renewed);
});

test('certificates that cannot be read are left out, and one that can is enough', () => {
  const { put, resolve, content } = world();
  put('ConfigMap', 'a', { data: { 'ca.crt': `words\n${broken}${chain.trimEnd()}` } });
  const { trust, faults } = resolve(configMap('a'));
  assert.deepEqual(faults, []);
  assert.equal(content(trust ?? ''), chain);
});

test('the valid ones of several references count, and the others are told', () => {
  const { put, resolve } = world();
  put('ConfigMap', 'a', { data: { 'ca.crt': chain } });
  assert.deepEqual(resolve(configMap('gone'), configMap('a')), {
    trust: 'ca/ConfigMap/default/a',
    faults: [{ reason: 'InvalidCACertificateRef', message: 'ConfigMap default/gone does not exist' }],
  });
});

const bad: readonly [sentence: string, ref: CaCertificateRef, reason: string, message: string][] = [
  ['a ConfigMap without ca.crt', configMap('empty'), 'InvalidCACertificateRef', 'ConfigMap default/empty has no ca.crt'],
  ['a Secret without ca.crt', secret('empty'), 'InvalidCACertificateRef', 'Secret default/empty has no ca.crt'],
  ['no PEM', configMap('broken'), 'InvalidCACertificateRef', 'ConfigMap default/broken is of no use: ca.crt has no valid PEM certificate'],
  ['an empty text', configMap('blank'), 'InvalidCACertificateRef', 'ConfigMap default/blank is of no use: ca.crt has no valid PEM certificate'],
  ['no object', trustBundle('a'), 'InvalidCACertificateRef', 'ClusterTrustBundle a does not exist'],
  ['an object of a namespace that is closed', configMap('hidden', 'secretive'), 'RefNotPermitted', 'ConfigMap secretive/hidden: no ReferenceGrant in namespace secretive lets BackendTLSPolicys of default use it'],
  ['another kind', { group: '', kind: 'Service', name: 'a' }, 'InvalidKind', 'Service a: only a ConfigMap, a Secret or a ClusterTrustBundle can hold CA certificates'],
  ['a kind of another group', { group: 'x.test', kind: 'ConfigMap', name: 'a' }, 'InvalidKind', 'ConfigMap of x.test a: only a ConfigMap, a Secret or a ClusterTrustBundle can hold CA certificates'],
  ['a name that every object has', { group: '', kind: 'constructor', name: 'a' }, 'InvalidKind', 'constructor a: only a ConfigMap, a Secret or a ClusterTrustBundle can hold CA certificates'],
];

for (const [sentence, ref, reason, message] of bad) {
  test(`${sentence} gives no bundle`, () => {
    const { put, resolve } = world();
    put('ConfigMap', 'empty', { data: {} });
    put('Secret', 'empty', {});
    put('ConfigMap', 'broken', { data: { 'ca.crt': broken } });
    put('ConfigMap', 'blank', { data: { 'ca.crt': '' } });
    assert.deepEqual(resolve(ref), { trust: undefined, faults: [{ reason, message }] });
  });
}

test('a ReferenceGrant opens another namespace', () => {
  const { put, resolve } = world();
  put('ConfigMap', 'a', { metadata: { name: 'a', namespace: 'other' }, data: { 'ca.crt': chain } });
  put('ReferenceGrant', 'g', {
    metadata: { name: 'g', namespace: 'other' },
    spec: { from: [{ group: 'gateway.networking.k8s.io', kind: 'BackendTLSPolicy', namespace: 'default' }], to: [{ group: '', kind: 'ConfigMap' }] },
  });
  assert.deepEqual(resolve(configMap('a', 'other')), { trust: 'ca/ConfigMap/other/a', faults: [] });
});

test('the system brings a bundle of its own', () => {
  assert.equal(world().content('ca/System'), undefined);
});
