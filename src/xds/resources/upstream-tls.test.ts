import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRegistry, fromBinary, toJson } from '@bufbuild/protobuf';
import { ClusterSchema } from '../../gen/envoy/config/cluster/v3/cluster_pb.ts';
import { UpstreamTlsContextSchema } from '../../gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import { LeastRequestSchema } from '../../gen/envoy/extensions/load_balancing_policies/least_request/v3/least_request_pb.ts';
import { HttpProtocolOptionsSchema } from '../../gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts';
import type { BackendTls } from '../../ir/backend-tls.ts';
import { backend } from '../../../test/support/ir-values.ts';
import { encodeCluster, secretsOf } from './cluster.ts';

const registry = createRegistry(UpstreamTlsContextSchema, LeastRequestSchema, HttpProtocolOptionsSchema);

const base: BackendTls = { trustBundle: 'ca/ConfigMap/ns/a', serverName: { type: 'name', name: 'a.test' }, subjects: [], parameters: {} };

function cluster(tls: Partial<BackendTls>, protocol: 'http1' | 'h2c' | 'auto' = 'auto') {
  const bytes = encodeCluster(backend('k', { protocol, tls: { ...base, ...tls } }));
  return toJson(ClusterSchema, fromBinary(ClusterSchema, bytes), { registry }) as {
    transportSocket: { typedConfig: { commonTlsContext: { combinedValidationContext?: { defaultValidationContext: object } } } };
    typedExtensionProtocolOptions?: Record<string, object>;
  };
}

const contextOf = (tls: Partial<BackendTls>) => cluster(tls).transportSocket.typedConfig;

test('a name is sent as SNI and looked for in the certificate, whose CA comes by SDS', () => {
  assert.deepEqual(contextOf({}), {
    '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
    sni: 'a.test',
    autoSniSanValidation: true,
    commonTlsContext: {
      tlsParams: { tlsMinimumProtocolVersion: 'TLSv1_2', tlsMaximumProtocolVersion: 'TLSv1_3' },
      combinedValidationContext: {
        defaultValidationContext: {},
        validationContextSdsSecretConfig: { name: 'ca/ConfigMap/ns/a', sdsConfig: { ads: {}, resourceApiVersion: 'V3' } },
      },
    },
  });
  assert.deepEqual(secretsOf(backend('k', { tls: base })), ['ca/ConfigMap/ns/a']);
});

test('other names are looked for in its stead', () => {
  const context = contextOf({ subjects: [{ type: 'dns', name: 'b.test' }, { type: 'uri', name: 'spiffe://c.test' }] }) as { autoSniSanValidation?: boolean };
  assert.equal(context.autoSniSanValidation, undefined);
  assert.deepEqual(contextOf({ subjects: [{ type: 'dns', name: 'b.test' }, { type: 'uri', name: 'spiffe://c.test' }] }).commonTlsContext.combinedValidationContext?.defaultValidationContext, {
    matchTypedSubjectAltNames: [{ sanType: 'DNS', matcher: { exact: 'b.test' } }, { sanType: 'URI', matcher: { exact: 'spiffe://c.test' } }],
  });
});

test('without a CA nothing is looked at', () => {
  const context = contextOf({ trustBundle: undefined }) as { autoSniSanValidation?: boolean; commonTlsContext: object };
  assert.deepEqual([context.autoSniSanValidation, Object.keys(context.commonTlsContext)], [undefined, ['tlsParams']]);
  assert.deepEqual(secretsOf(backend('k', { tls: { ...base, trustBundle: undefined } })), []);
});

test('what the proxy brings along is in the context, and 1.2 and 1.3 are spoken unless said otherwise', () => {
  const parameters = { certificate: 'Secret/ns/a', ciphers: ['AES128-SHA'], curves: ['P-256'], signatureAlgorithms: ['ed25519'], alpn: ['http/1.1'] };
  const { tlsParams, alpnProtocols, tlsCertificateSdsSecretConfigs } = contextOf({ parameters: { ...parameters, minVersion: '1.3', maxVersion: '1.1' } }).commonTlsContext as Record<string, unknown>;
  assert.deepEqual(tlsParams, {
    tlsMinimumProtocolVersion: 'TLSv1_1',
    tlsMaximumProtocolVersion: 'TLSv1_1',
    cipherSuites: ['AES128-SHA'],
    ecdhCurves: ['P-256'],
    signatureAlgorithms: ['ed25519'],
  });
  assert.deepEqual(alpnProtocols, ['http/1.1']);
  assert.deepEqual(tlsCertificateSdsSecretConfigs, [{ name: 'Secret/ns/a', sdsConfig: { ads: {}, resourceApiVersion: 'V3' } }]);
  assert.deepEqual(secretsOf(backend('k', { tls: { ...base, parameters } })), ['ca/ConfigMap/ns/a', 'Secret/ns/a']);
});

test('the hostname of the endpoint, or the host of the request, can be the SNI', () => {
  const { autoHostSni, autoSniSanValidation } = contextOf({ serverName: { type: 'endpoint' } }) as { autoHostSni?: boolean; autoSniSanValidation?: boolean };
  assert.deepEqual([autoHostSni, autoSniSanValidation], [true, true]);
  const options = cluster({ serverName: { type: 'host' } }, 'http1').typedExtensionProtocolOptions;
  assert.deepEqual(options?.['envoy.extensions.upstreams.http.v3.HttpProtocolOptions'], {
    '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    upstreamHttpProtocolOptions: { autoSni: true },
    explicitHttpConfig: { httpProtocolOptions: {} },
  });
});

test('what ALPN agrees on is spoken where nothing else is asked for', () => {
  const versions = (protocol: 'http1' | 'h2c' | 'auto') => {
    const { '@type': _type, ...options } = (cluster({}, protocol).typedExtensionProtocolOptions?.['envoy.extensions.upstreams.http.v3.HttpProtocolOptions'] ?? {}) as { '@type'?: string };
    return Object.entries(options).map(([name, value]) => [name, ...Object.keys(value as object)]);
  };
  assert.deepEqual(versions('auto'), [['autoConfig', 'httpProtocolOptions', 'http2ProtocolOptions']]);
  assert.deepEqual(versions('h2c'), [['explicitHttpConfig', 'http2ProtocolOptions']]);
  assert.deepEqual(versions('http1'), []);
});
