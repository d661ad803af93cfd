import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRegistry, fromBinary, toJson } from '@bufbuild/protobuf';
import { ClusterSchema } from '../../gen/envoy/config/cluster/v3/cluster_pb.ts';
import { ClusterLoadAssignmentSchema } from '../../gen/envoy/config/endpoint/v3/endpoint_pb.ts';
import { DnsClusterSchema } from '../../gen/envoy/extensions/clusters/dns/v3/dns_cluster_pb.ts';
import { LeastRequestSchema } from '../../gen/envoy/extensions/load_balancing_policies/least_request/v3/least_request_pb.ts';
import { SecretSchema } from '../../gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts';
import { HttpProtocolOptionsSchema } from '../../gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts';
import type { Backend } from '../../ir/backend.ts';
import { backend, loopback } from '../../../test/support/ir-values.ts';
import { encodeCluster } from './cluster.ts';
import { encodeEndpoints } from './endpoints.ts';
import { encodeCertificate, encodeTrustBundle } from './secret.ts';

const registry = createRegistry(LeastRequestSchema, DnsClusterSchema, HttpProtocolOptionsSchema);

function decode(value: Backend): object {
  return toJson(ClusterSchema, fromBinary(ClusterSchema, encodeCluster(value)), { registry }) as object;
}

test('a backend with endpoints is an EDS cluster with the defaults of Envoy Gateway', () => {
  assert.deepEqual(decode(backend('service/ns/a/80')), {
    name: 'service/ns/a/80',
    type: 'EDS',
    edsClusterConfig: { edsConfig: { ads: {}, resourceApiVersion: 'V3' } },
    connectTimeout: '10s',
    perConnectionBufferLimitBytes: 32768,
    circuitBreakers: { thresholds: [{ maxRetries: 1024 }] },
    ignoreHealthOnHostRemoval: true,
    loadBalancingPolicy: {
      policies: [
        {
          typedExtensionConfig: {
            name: 'envoy.load_balancing_policies.least_request',
            typedConfig: { '@type': 'type.googleapis.com/envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest' },
          },
        },
      ],
    },
  });
});

test('HTTP/2 without TLS is asked for in so many words', () => {
  const { typedExtensionProtocolOptions } = decode(backend('k', { protocol: 'h2c' })) as { typedExtensionProtocolOptions: unknown };
  assert.deepEqual(typedExtensionProtocolOptions, {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicitHttpConfig: { http2ProtocolOptions: { allowConnect: true, maxConcurrentStreams: 100, initialStreamWindowSize: 65536, initialConnectionWindowSize: 1048576 } },
    },
  });
});

test('a backend of names has them resolved by Envoy', () => {
  const decoded = decode(backend('k', { discovery: { type: 'dns', hosts: [{ hostname: 'x.test', port: 8000 }] } })) as Record<string, unknown>;
  assert.deepEqual(decoded['clusterType'], {
    name: 'envoy.cluster.dns',
    typedConfig: {
      '@type': 'type.googleapis.com/envoy.extensions.clusters.dns.v3.DnsCluster',
      dnsRefreshRate: '30s',
      respectDnsTtl: true,
      dnsLookupFamily: 'V4_PREFERRED',
    },
  });
  assert.deepEqual(decoded['loadAssignment'], {
    clusterName: 'k',
    endpoints: [{ lbEndpoints: [{ endpoint: { hostname: 'x.test', address: { socketAddress: { address: 'x.test', portValue: 8000 } } } }] }],
  });
});

test('a backend that nobody may connect to has no servers', () => {
  const { type, edsClusterConfig, loadAssignment } = decode(backend('k', { discovery: { type: 'none' } })) as Record<string, unknown>;
  assert.deepEqual([type, edsClusterConfig, loadAssignment], ['STATIC', undefined, { clusterName: 'k' }]);
});

test('endpoints are grouped by zone, and draining ones are marked while another is ready', () => {
  const unix = { address: { type: 'unix', path: '/run/x.sock' }, zone: '', draining: false } as const;
  const endpoints = [loopback(1, { zone: 'b' }), loopback(2, { zone: 'a', draining: true }), unix, loopback(3, { zone: 'b' })];
  const bytes = encodeEndpoints({ backend: 'k', endpoints });
  const at = (portValue: number) => ({ endpoint: { address: { socketAddress: { address: '127.0.0.1', portValue } } } });
  assert.deepEqual(toJson(ClusterLoadAssignmentSchema, fromBinary(ClusterLoadAssignmentSchema, bytes)), {
    clusterName: 'k',
    endpoints: [
      { lbEndpoints: [{ endpoint: { address: { pipe: { path: '/run/x.sock' } } } }] },
      { locality: { zone: 'a' }, lbEndpoints: [{ ...at(2), healthStatus: 'DRAINING' }] },
      { locality: { zone: 'b' }, lbEndpoints: [at(1), at(3)] },
    ],
  });
});

test('only draining endpoints are as good as ready ones', () => {
  const draining = encodeEndpoints({ backend: 'k', endpoints: [loopback(1, { draining: true })] });
  assert.deepEqual(draining, encodeEndpoints({ backend: 'k', endpoints: [loopback(1)] }));
});

test('a trust bundle is a secret with its certificates, or with the file of the system', () => {
  const own = fromBinary(SecretSchema, encodeTrustBundle({ key: 'ca/a', certificates: 'CA' }));
  assert.equal(own.type.case, 'validationContext');
  assert.deepEqual(own.type.value.trustedCa?.specifier, { case: 'inlineBytes', value: new Uint8Array(Buffer.from('CA')) });
  const system = fromBinary(SecretSchema, encodeTrustBundle({ key: 'ca/System', certificates: undefined }, '/x.pem'));
  assert.equal(system.type.case, 'validationContext');
  assert.deepEqual(system.type.value.trustedCa?.specifier, { case: 'filename', value: '/x.pem' });
});

test('a certificate is a secret of its name with chain and key', () => {
  const secret = fromBinary(SecretSchema, encodeCertificate({ key: 'Secret/ns/a', chain: 'CHAIN', privateKey: 'KEY' }));
  assert.equal(secret.name, 'Secret/ns/a');
  assert.equal(secret.type.case, 'tlsCertificate');
  const text = (source: unknown) => Buffer.from((source as { specifier: { value: Uint8Array } }).specifier.value).toString();
  assert.deepEqual([text(secret.type.value.certificateChain), text(secret.type.value.privateKey)], ['CHAIN', 'KEY']);
});
