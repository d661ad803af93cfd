import { TypedExtensionConfigSchema } from '../../gen/envoy/config/core/v3/extension_pb.ts';
import { TcpProxySchema } from '../../gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts';
import type { StreamBackend, StreamRoute } from '../../ir/stream.ts';
import { accessLog } from './access-log.ts';
import { any, encode } from './bytes.ts';
import { clusterName } from './cluster.ts';
import { invalidCluster } from './forward.ts';

/**
 * Encodes a stream route of TCP as the configuration of the filter that the listener names by the route's key. A change of it counts
 * for new connections; those that are open go on.
 */
export function encodeStreamRoute({ backends, key }: StreamRoute, { accessLogPath }: { readonly accessLogPath?: string | undefined }): Uint8Array {
  const [first] = backends;
  return encode(TypedExtensionConfigSchema, {
    name: key,
    typedConfig: any(TcpProxySchema, {
      statPrefix: `tcp-${key}`,
      accessLog: accessLogPath === undefined ? [] : [accessLog(accessLogPath)],
      clusterSpecifier:
        backends.length > 1
          ? { case: 'weightedClusters', value: { clusters: backends.map((backend) => ({ name: streamCluster(backend), weight: backend.weight })) } }
          : { case: 'cluster', value: first === undefined ? invalidCluster : streamCluster(first) },
    }),
  });
}

/** Names of the clusters that a stream route sends to. */
export function clustersOfStream({ backends }: StreamRoute): string[] {
  return backends.flatMap(({ backend }) => (backend === undefined ? [] : [clusterName(backend)]));
}

/** The cluster of a share. Nobody ever makes the one of an invalid backend: connections to it are closed, datagrams dropped. */
export function streamCluster({ backend }: StreamBackend): string {
  return backend === undefined ? invalidCluster : clusterName(backend);
}
