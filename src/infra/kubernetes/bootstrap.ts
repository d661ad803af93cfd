import { adsResources, connectionMonitor, http2Options, maxConnectionsDefault, runtimeLayer } from '../envoy-bootstrap.ts';
import { readyListener, statsListener } from './bootstrap-listeners.ts';
import { compact } from './compact.ts';
import { adminPort } from './ports.ts';
import { authorityDocument, authoritySecret, certificateDocument, certificateSecret, documentsPath } from './sds.ts';
import type { ProxyEnvironment, ProxySettings } from './wanted-proxy.ts';

/** A bootstrap as Envoy's JSON. */
export type Bootstrap = Readonly<Record<string, unknown>>;

/** What a bootstrap depends on besides the environment. */
export interface BootstrapOptions {
  readonly settings: ProxySettings | undefined;
  /** Bytes that Envoy's heap may have; undefined: as many as there are. */
  readonly maxHeapBytes: number | undefined;
}

/** Called as in Envoy Gateway's bootstrap: users' changes name it. */
export const xdsCluster = 'xds_cluster';

/**
 * The static part of a proxy's configuration, before the user's changes. Node id and cluster are on the command line.
 *
 *     Envoy ── mTLS, HTTP/2 ──► xDS servers, one of those behind the Service        (cluster xds_cluster)
 *     Prometheus ──► :19001 ──► Envoy's admin, one path of it                        (cluster prometheus_stats)
 *     kubelet ──► :19003                                                             (answers itself)
 */
export function bootstrap(environment: Pick<ProxyEnvironment, 'xds' | 'clusterDomain'>, options: BootstrapOptions): Bootstrap {
  const { ipFamily, telemetry } = options.settings ?? {};
  const metrics = telemetry?.metrics;
  const stats = metrics?.prometheus?.disable !== true;
  return compact({
    // Kubernetes puts the variables' values here: from 1.35 on it tells each Pod its zone. The control plane picks near endpoints by them.
    node: { locality: { zone: '$(ENVOY_SERVICE_ZONE)' }, metadata: { node_name: '$(ENVOY_NODE_NAME)' } },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: adminPort } } },
    static_resources: {
      listeners: [...(stats ? [statsListener(ipFamily, metrics?.prometheus?.compression?.type)] : []), readyListener(ipFamily)],
      clusters: [...(stats ? [statsCluster] : []), controlPlane(environment, ipFamily)],
    },
    dynamic_resources: adsResources(xdsCluster, '0s'),
    deferred_stat_options: { enable_deferred_creation_stats: true },
    stats_config: metrics?.matches === undefined ? undefined : { stats_matcher: { inclusion_list: { patterns: metrics.matches.map(statsPattern) } } },
    layered_runtime: { layers: [runtimeLayer('global_config')] },
    overload_manager: overloadManager(options.maxHeapBytes),
  });
}

const statsCluster = {
  name: 'prometheus_stats',
  type: 'STATIC',
  connect_timeout: '0.250s',
  load_assignment: {
    cluster_name: 'prometheus_stats',
    endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: adminPort } } } }] }],
  },
};

function controlPlane({ xds, clusterDomain }: Pick<ProxyEnvironment, 'xds' | 'clusterDomain'>, ipFamily: ProxySettings['ipFamily']): object {
  // With the dot at its end, the name is looked up as it is, and not below each domain of the Pod's search list before.
  const address = xds.host.endsWith('.svc') ? `${xds.host}.${clusterDomain}.` : xds.host;
  return {
    name: xdsCluster,
    type: 'STRICT_DNS',
    dns_lookup_family: ipFamily === 'IPv6' ? 'AUTO' : 'V4_PREFERRED',
    // A name that is not known yet, and a replica that went and came back under another address, are to be found soon.
    dns_refresh_rate: '2s',
    dns_failure_refresh_rate: { base_interval: '0.25s', max_interval: '1s' },
    connect_timeout: '1s',
    // Any replica is as good as another: no order makes all proxies meet at one.
    lb_policy: 'RANDOM',
    load_assignment: {
      cluster_name: xdsCluster,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address, port_value: xds.port } } } }] }],
    },
    // A node that is cut off says nothing; this long after, another replica is asked.
    typed_extension_protocol_options: http2Options({ interval: '10s', timeout: '10s' }),
    transport_socket: {
      name: 'envoy.transport_sockets.tls',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
        sni: xds.host,
        common_tls_context: {
          alpn_protocols: ['h2'],
          tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
          tls_certificate_sds_secret_configs: [secretConfig(certificateSecret, certificateDocument)],
          validation_context_sds_secret_config: secretConfig(authoritySecret, authorityDocument),
        },
      },
    },
  };
}

function secretConfig(name: string, document: string): object {
  return { name, sds_config: { path_config_source: { path: `${documentsPath}/${document}` }, resource_api_version: 'V3' } };
}

type StatsMatch = NonNullable<NonNullable<NonNullable<ProxySettings['telemetry']>['metrics']>['matches']>[number];

function statsPattern({ type, value }: StatsMatch): object {
  switch (type) {
    case 'Exact':
      return { exact: value };
    case 'Prefix':
      return { prefix: value };
    case 'Suffix':
      return { suffix: value };
    case 'RegularExpression':
      return { safe_regex: { regex: value } };
  }
}

function overloadManager(maxHeapBytes: number | undefined): object {
  const connections = connectionMonitor(maxConnectionsDefault);
  if (maxHeapBytes === undefined) return { refresh_interval: '0.25s', resource_monitors: [connections] };
  const heap = 'envoy.resource_monitors.fixed_heap';
  const above = (value: number): object[] => [{ name: heap, threshold: { value } }];
  return {
    refresh_interval: '0.25s',
    resource_monitors: [
      connections,
      {
        name: heap,
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig',
          max_heap_size_bytes: String(maxHeapBytes),
        },
      },
    ],
    // Requests are refused before the kernel kills the whole proxy.
    actions: [
      { name: 'envoy.overload_actions.shrink_heap', triggers: above(0.95) },
      { name: 'envoy.overload_actions.stop_accepting_requests', triggers: above(0.98) },
    ],
  };
}
