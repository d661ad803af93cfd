import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import type { Any } from '@bufbuild/protobuf/wkt';
import { ListenerSchema } from '../../gen/envoy/config/listener/v3/listener_pb.ts';
import type { Listener as EnvoyListener } from '../../gen/envoy/config/listener/v3/listener_pb.ts';
import type { FilterChain as EnvoyFilterChain } from '../../gen/envoy/config/listener/v3/listener_components_pb.ts';
import { HttpConnectionManagerSchema } from '../../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { CertificateValidationContext_TrustChainVerification } from '../../gen/envoy/extensions/transport_sockets/tls/v3/common_pb.ts';
import { DownstreamTlsContextSchema } from '../../gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import type { Listener } from '../../ir/listener.ts';
import { listener } from '../../../test/support/ir-values.ts';
import { encodeListener } from './listener.ts';
import type { ListenerOptions } from './listener.ts';

function decode(value: Listener, options: ListenerOptions = { tables: new Map() }) {
  return fromBinary(ListenerSchema, encodeListener(value, options));
}

function managerOf(chain: EnvoyFilterChain | undefined) {
  const manager = anyUnpack(chain?.filters[0]?.configType.value as Any, HttpConnectionManagerSchema);
  assert.ok(manager);
  return manager;
}

function socketOf(decoded: EnvoyListener): unknown[] {
  const address = decoded.address?.address;
  assert.equal(address?.case, 'socketAddress');
  return [address.value.address, address.value.portSpecifier.value, address.value.ipv4Compat];
}

test('a plain listener binds where it is told and asks for its routes on the same stream', () => {
  const decoded = decode({ ...listener('ns/gw/80', 80), boundPort: 8080, address: '0.0.0.0' });
  assert.equal(decoded.name, 'ns/gw/80');
  assert.deepEqual(socketOf(decoded), ['0.0.0.0', 8080, false]);
  assert.deepEqual(decoded.listenerFilters, []);
  const manager = managerOf(decoded.filterChains[0]);
  assert.equal(manager.statPrefix, 'http-80');
  assert.equal(manager.routeSpecifier.case, 'rds');
  assert.equal(manager.routeSpecifier.value.routeConfigName, 'ns/gw/80');
  const names = ['envoy.filters.http.cors', 'envoy.filters.http.grpc_web', 'envoy.filters.http.ext_authz', 'envoy.filters.http.buffer', 'envoy.filters.http.ext_proc', 'envoy.filters.http.stateful_session', 'envoy.filters.http.router'];
  assert.deepEqual(manager.httpFilters.map(({ name }) => name), names);
  assert.deepEqual(manager.accessLog, []);
});

test('all addresses of IPv6 are all addresses', () => {
  assert.deepEqual(socketOf(decode({ ...listener('k', 80), address: '::' })), ['::', 0, true]);
});

test('a chain with TLS matches its server names, and its certificates come by name', () => {
  const tls = { certificates: ['Secret/ns/a', 'Secret/ns/b'], alpn: ['h2', 'http/1.1'], clientValidation: undefined } as const;
  const decoded = decode(
    listener('ns/gw/443', 443, [
      { name: 'one', serverNames: ['a.test', '*.b.test'], tls, target: { type: 'routes', table: 'ns/gw/443/one' } },
      { name: 'rest', serverNames: [], tls, target: { type: 'routes', table: 'ns/gw/443/rest' } },
    ]),
  );
  assert.deepEqual(decoded.listenerFilters.map(({ name }) => name), ['envoy.filters.listener.tls_inspector']);
  assert.deepEqual(decoded.filterChains.map(({ name, filterChainMatch }) => [name, filterChainMatch?.serverNames]), [
    ['one', ['a.test', '*.b.test']],
    ['rest', undefined],
  ]);
  const context = anyUnpack(decoded.filterChains[0]?.transportSocket?.configType.value as Any, DownstreamTlsContextSchema);
  assert.deepEqual(context?.commonTlsContext?.alpnProtocols, ['h2', 'http/1.1']);
  assert.deepEqual(context.commonTlsContext.tlsCertificateSdsSecretConfigs.map(({ name, sdsConfig }) => [name, sdsConfig?.configSourceSpecifier.case]), [
    ['Secret/ns/a', 'ads'],
    ['Secret/ns/b', 'ads'],
  ]);
  assert.equal(managerOf(decoded.filterChains[1]).statPrefix, 'https-443');
});

test('certificates of clients are checked against a bundle that comes by name, and are not required with the insecure fallback', () => {
  const contextOf = (required: boolean) => {
    const tls = { certificates: ['Secret/ns/a'], alpn: ['h2'], clientValidation: { trustBundle: 'ca/ConfigMap/ns/ca', required } } as const;
    const [chain] = decode(listener('ns/gw/443', 443, [{ name: 'one', serverNames: [], tls, target: { type: 'routes', table: 'ns/gw/443/one' } }])).filterChains;
    return anyUnpack(chain?.transportSocket?.configType.value as Any, DownstreamTlsContextSchema);
  };
  const strict = contextOf(true);
  assert.equal(strict?.requireClientCertificate, true);
  assert.equal(strict.commonTlsContext?.validationContextType.case, 'validationContextSdsSecretConfig');
  assert.equal(strict.commonTlsContext.validationContextType.value.name, 'ca/ConfigMap/ns/ca');
  const lenient = contextOf(false);
  assert.equal(lenient?.requireClientCertificate, undefined);
  assert.equal(lenient?.commonTlsContext?.validationContextType.case, 'combinedValidationContext');
  const { defaultValidationContext, validationContextSdsSecretConfig } = lenient.commonTlsContext.validationContextType.value;
  assert.equal(validationContextSdsSecretConfig?.name, 'ca/ConfigMap/ns/ca');
  assert.equal(defaultValidationContext?.trustChainVerification, CertificateValidationContext_TrustChainVerification.ACCEPT_UNTRUSTED);
});

test('a table in shards is looked up by the header that the first filter writes', () => {
  const manager = managerOf(decode(listener('ns/gw/80', 80), { tables: new Map([['ns/gw/80', { shards: 64 }]]) }).filterChains[0]);
  assert.equal(manager.routeSpecifier.case, 'scopedRoutes');
  const fragment = manager.routeSpecifier.value.scopeKeyBuilder?.fragments[0]?.type;
  assert.equal(fragment?.case, 'headerValueExtractor');
  assert.equal(fragment.value.name, 'x-moongate-shard');
  assert.deepEqual(manager.httpFilters.map(({ name }) => name).slice(0, 3), ['moongate.shard', 'envoy.filters.http.cors', 'envoy.filters.http.grpc_web']);
});

test('access is logged where it is wished', () => {
  const manager = managerOf(decode(listener('k', 80), { tables: new Map(), accessLogPath: '/dev/stdout' }).filterChains[0]);
  assert.deepEqual(manager.accessLog.map(({ name }) => name), ['envoy.access_loggers.file']);
});

test('the same listener is the same bytes', () => {
  const options = { tables: new Map(), accessLogPath: '/x' };
  assert.deepEqual(encodeListener(listener('k', 80), options), encodeListener(listener('k', 80), options));
});
