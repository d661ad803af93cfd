import type { MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import type { Any } from '@bufbuild/protobuf/wkt';
import type { CircuitBreakers_ThresholdsSchema } from '../../gen/envoy/config/cluster/v3/circuit_breaker_pb.ts';
import { Cluster_DiscoveryType, ClusterSchema } from '../../gen/envoy/config/cluster/v3/cluster_pb.ts';
import { DnsLookupFamily } from '../../gen/envoy/extensions/clusters/common/dns/v3/dns_pb.ts';
import { DnsClusterSchema } from '../../gen/envoy/extensions/clusters/dns/v3/dns_cluster_pb.ts';
import { HttpProtocolOptionsSchema } from '../../gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts';
import type { Backend, DnsHost, RetryBudget } from '../../ir/backend.ts';
import { assertNever } from '../../util/assert.ts';
import { any, encode } from './bytes.ts';
import { fromAds } from './config-source.ts';
import { http2Options } from './http2.ts';
import { pickerHealth } from './picker-health.ts';
import { leastRequest, pickedHosts } from './picked-hosts.ts';
import { upstreamTls } from './upstream-tls.ts';

type Cluster = MessageInitShape<typeof ClusterSchema>;
type Thresholds = MessageInitShape<typeof CircuitBreakers_ThresholdsSchema>;

/** Milliseconds, as Envoy Gateway sets it. */
const connectTimeout = 10_000;

/**
 * The same where somebody picks: what is picked is near, and when it does not answer there are others. Long enough for one packet to be lost,
 * which TCP repeats after a second.
 */
const pickedConnectTimeout = 2_000;

/**
 * Requests under way at once in a pool of servers, and at its pickers. Envoy's default of 1024 is little for answers that take minutes, and how many
 * are too many is for pickers to say.
 */
const maxPickedRequests = 40_000;

/** What Envoy holds of a connection to a server before it stops reading, in bytes, as Envoy Gateway sets it. */
const connectionBufferLimit = 32 * 1024;

/** Retries under way at once in a cluster. Envoy's default of 3 would make a restart of a few servers look like an outage. */
const maxRetries = 1024;

/** How often names are resolved when their records do not say, in milliseconds. */
const dnsRefreshRate = 30_000;

/** The name of a backend's cluster is its key: short enough for statistics, and what people know the backend by. */
export function clusterName(backend: string): string {
  return backend;
}

/** The secrets that a backend's cluster names. */
export function secretsOf({ tls }: Backend): string[] {
  return [tls?.trustBundle, tls?.parameters.certificate].filter((name) => name !== undefined);
}

/** Encodes a backend as a cluster: least requests first. */
export function encodeCluster(backend: Backend): Uint8Array {
  return encode(ClusterSchema, {
    name: clusterName(backend.key),
    ...discovery(backend),
    connectTimeout: durationFromMs(isPicked(backend) ? pickedConnectTimeout : connectTimeout),
    perConnectionBufferLimitBytes: connectionBufferLimit,
    // A server that is gone from the list is gone, whatever health checks thought of it.
    ignoreHealthOnHostRemoval: true,
    loadBalancingPolicy: backend.picker === undefined ? leastRequest() : pickedHosts(backend.picker.failureMode),
    ...(backend.picks === 'standard' && pickerHealth()),
    circuitBreakers: { thresholds: [thresholds(backend)] },
    ...(backend.tls !== undefined && { transportSocket: upstreamTls(backend.tls) }),
    ...protocolOptions(backend),
  });
}

/** Whether it is servers that a picker picks, or pickers. */
function isPicked({ picker, picks }: Backend): boolean {
  return picker !== undefined || picks !== undefined;
}

function thresholds(backend: Backend): Thresholds {
  return {
    ...(isPicked(backend) && { maxConnections: maxPickedRequests, maxPendingRequests: maxPickedRequests, maxRequests: maxPickedRequests }),
    ...(backend.retryBudget === undefined ? { maxRetries } : { retryBudget: retryBudget(backend.retryBudget) }),
  };
}

/** Beyond it, the answer that would have been retried goes to the client. */
function retryBudget({ percent, interval, minConcurrent }: RetryBudget): NonNullable<Thresholds['retryBudget']> {
  return { budgetPercent: { value: percent }, budgetInterval: durationFromMs(interval), minRetryConcurrency: minConcurrent };
}

const httpProtocolOptions = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** Without them Envoy speaks HTTP/1.1. */
function protocolOptions({ protocol, tls }: Backend): Pick<Cluster, 'typedExtensionProtocolOptions'> {
  const autoSni = tls?.serverName.type === 'host';
  if (protocol === 'http1' && !autoSni) return {};
  const options = any(HttpProtocolOptionsSchema, {
    upstreamProtocolOptions: versions(protocol),
    ...(autoSni && { upstreamHttpProtocolOptions: { autoSni } }),
  });
  return { typedExtensionProtocolOptions: { [httpProtocolOptions]: options } };
}

function versions(protocol: Backend['protocol']): NonNullable<MessageInitShape<typeof HttpProtocolOptionsSchema>['upstreamProtocolOptions']> {
  switch (protocol) {
    case 'http1':
      return { case: 'explicitHttpConfig', value: { protocolConfig: { case: 'httpProtocolOptions', value: {} } } };
    case 'h2c':
      return { case: 'explicitHttpConfig', value: { protocolConfig: { case: 'http2ProtocolOptions', value: http2Options() } } };
    case 'auto':
      return { case: 'autoConfig', value: { httpProtocolOptions: {}, http2ProtocolOptions: http2Options() } };
    default:
      return assertNever(protocol);
  }
}

function discovery(backend: Backend): Pick<Cluster, 'clusterDiscoveryType' | 'edsClusterConfig' | 'loadAssignment'> {
  switch (backend.discovery.type) {
    case 'endpoints':
      return { clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.EDS }, edsClusterConfig: { edsConfig: fromAds() } };
    case 'dns':
      return {
        clusterDiscoveryType: { case: 'clusterType', value: { name: 'envoy.cluster.dns', typedConfig: dns() } },
        loadAssignment: {
          clusterName: clusterName(backend.key),
          endpoints: [{ lbEndpoints: backend.discovery.hosts.map((host) => ({ hostIdentifier: { case: 'endpoint', value: dnsEndpoint(host) } })) }],
        },
      };
    case 'none':
      return { clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.STATIC }, loadAssignment: { clusterName: clusterName(backend.key) } };
    default:
      return assertNever(backend.discovery);
  }
}

/** Every address that the names resolve to is a server (strict DNS). */
function dns(): Any {
  return any(DnsClusterSchema, {
    dnsRefreshRate: durationFromMs(dnsRefreshRate),
    respectDnsTtl: true,
    dnsLookupFamily: DnsLookupFamily.V4_PREFERRED,
  });
}

function dnsEndpoint(host: DnsHost) {
  return {
    hostname: host.hostname,
    address: {
      address: {
        case: 'socketAddress' as const,
        value: { address: host.hostname, portSpecifier: { case: 'portValue' as const, value: host.port } },
      },
    },
  };
}
