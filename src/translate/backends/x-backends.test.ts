import assert from 'node:assert/strict';
import { test } from 'node:test';
import { xBackend, xBackends, type XBackendState } from './x-backends.ts';
import { decoded } from '../testing.ts';
import type { Certificates, TlsSecret } from '../gateways/certificates.ts';
import type { Inputs } from '../inputs.ts';
import type { CaCertificates } from '../tls/ca-certificates.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import { Graph } from '../../reactive/graph.ts';

/** What an XBackend comes to where there is one CA, `ca`, and one certificate, `client`; grants open namespace open. */
function stateOf(spec: Readonly<Record<string, unknown>>, { name = 'app', anyHost = true } = {}): XBackendState {
  const graph = new Graph();
  const source = graph.source<ResourceOf<'XBackend'>>('x');
  const secrets = graph.source<TlsSecret>('secrets');
  for (const key of ['default/client', 'open/client', 'closed/client']) secrets.set(key, { problem: undefined, names: [] });
  const cas: CaCertificates = {
    resolve: (_read, _from, refs) => {
      const faults = refs.filter((ref) => ref.name !== 'ca').map((ref) => ({ reason: 'InvalidCACertificateRef', message: `${ref.name} is missing` }));
      return { trust: faults.length === refs.length ? undefined : 'ca/ConfigMap/default/ca', faults };
    },
    bundles: () => assert.fail('nobody asks'),
  };
  const states = xBackends(graph, {
    inputs: { resources: { XBackend: source }, unreadable: graph.source('unreadable') } as unknown as Inputs,
    cas,
    certificates: { secrets } as unknown as Certificates,
    grants: { permits: (_read, from, to) => from.kind === 'XBackend' && to.namespace !== 'closed' },
    anyHost,
  });
  const resource = decoded('XBackend', { metadata: { name, namespace: 'default' }, spec: { port: { number: 443 }, ...spec } });
  source.set(resource.key, resource);
  graph.settle();
  return states.get(resource.key) ?? assert.fail('no state');
}

const host = { type: 'ExternalHostname', externalHostname: { hostname: 'api.example.com' } };
const pods = { type: 'EndpointSelector', endpointSelector: { matchLabels: { app: 'a' } } };
const trusting = (...names: readonly string[]) => ({ hostname: 'app.example.com', caCertificateRefs: names.map((name) => ({ group: '', kind: 'ConfigMap', name })) });
const serverOnly = (...names: readonly string[]) => ({ mode: 'ServerOnly', validation: trusting(...names) });
const showing = (ref: object) => ({ mode: 'ClientAndServer', validation: trusting('ca'), clientCertificateRef: ref });

const accepted: readonly [sentence: string, spec: Readonly<Record<string, unknown>>, certificate?: string][] = [
  ['a CA', { ...host, tls: serverOnly('ca') }],
  ['one CA of two', { ...host, tls: serverOnly('ca', 'gone') }],
  ['a certificate to show', { ...host, tls: showing({ name: 'client' }) }, 'Secret/default/client'],
  ['a certificate of another namespace that is granted', { ...pods, tls: showing({ name: 'client', namespace: 'open' }) }, 'Secret/open/client'],
];

for (const [sentence, spec, certificate] of accepted) {
  test(`TLS of an XBackend: ${sentence}`, () => {
    const { tls, acceptedFault } = stateOf(spec);
    assert.equal(acceptedFault, undefined);
    const parameters = certificate === undefined ? {} : { certificate };
    assert.deepEqual(tls, { trustBundle: 'ca/ConfigMap/default/ca', serverName: { type: 'name', name: 'app.example.com' }, subjects: [], parameters });
  });
}

test('a CA of two that is missing is said', () => {
  assert.deepEqual(stateOf({ ...host, tls: serverOnly('ca', 'gone') }).refsFault, { reason: 'InvalidCACertificateRef', message: 'spec.tls: validation.caCertificateRefs: gone is missing' });
});

const refused: readonly [sentence: string, spec: Readonly<Record<string, unknown>>, reason: string, message: string, surroundings?: Parameters<typeof stateOf>[1]][] = [
  ['without a CA', { ...host, tls: serverOnly('gone') }, 'NoValidCACertificate', 'spec.tls: validation.caCertificateRefs: gone is missing'],
  ['with well-known CAs that nobody knows', { ...host, tls: { mode: 'ServerOnly', validation: { hostname: 'a.example.com', wellKnownCACertificates: 'example.com/all' } } }, 'Invalid', 'spec.tls: validation.wellKnownCACertificates: example.com/all is not supported, only System'],
  ['whose certificate is missing', { ...host, tls: showing({ name: 'gone' }) }, 'InvalidClientCertificateRef', 'spec.tls: clientCertificateRef: Secret default/gone does not exist'],
  ['whose certificate is not granted', { ...host, tls: showing({ name: 'client', namespace: 'closed' }) }, 'RefNotPermitted', 'spec.tls: clientCertificateRef: Secret closed/client: no ReferenceGrant in namespace closed lets XBackends of default use it'],
  ['whose session has an end that a header cannot have', { ...pods, sessionPersistence: { type: 'Header', header: { name: 'x' }, absoluteTimeout: '1h' } }, 'UnsupportedValue', 'spec.sessionPersistence: absoluteTimeout is not supported with type Header'],
  ['whose name is too long for a label', pods, 'UnsupportedValue', 'metadata.name: with an endpointSelector no more than 63 characters are supported', { name: 'a'.repeat(64) }],
  ['that names the proxy itself', { ...host, externalHostname: { hostname: 'localhost' } }, 'UnsupportedValue', 'spec.externalHostname.hostname: localhost is the proxy itself, which is not supported in a cluster', { anyHost: false }],
];

for (const [sentence, spec, reason, message, surroundings] of refused) {
  test(`an XBackend ${sentence} is not accepted`, () => {
    const { tls, acceptedFault } = stateOf(spec, surroundings);
    assert.deepEqual(acceptedFault, { reason, message });
    assert.equal(tls, undefined);
  });
}

const spoken: readonly [protocol: string | undefined, plain: string | undefined, secured: string | undefined][] = [
  [undefined, 'http1', 'auto'],
  ['HTTP', 'http1', 'auto'],
  ['MCP', 'http1', 'auto'],
  ['HTTP11', 'http1', 'http1'],
  ['HTTP2', undefined, 'h2c'],
  ['H2C', 'h2c', undefined],
  ['GRPC', 'h2c', 'h2c'],
  ['WSS', undefined, 'http1'],
  ['TCP', 'http1', 'http1'],
];

for (const [protocol, plain, secured] of spoken) {
  const spec = { ...host, ...(protocol !== undefined && { protocol }) };
  if (plain !== undefined) test(`protocol ${protocol} without TLS is ${plain}`, () => assert.equal(xBackend('k', undefined, stateOf(spec)).protocol, plain));
  if (secured !== undefined) test(`protocol ${protocol} with TLS is ${secured}`, () => assert.equal(xBackend('k', undefined, stateOf({ ...spec, tls: serverOnly('ca') })).protocol, secured));
}

test('TLS that passes through is left alone', () => assert.equal(xBackend('k', 'passthrough', stateOf({ ...host, tls: serverOnly('ca') })).tls, undefined));
