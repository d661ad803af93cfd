import { RouteConfigurationSchema } from '../../gen/envoy/config/route/v3/route_pb.ts';
import { byText } from '../../util/compare.ts';
import { appendMessages, concat, encode } from './bytes.ts';
import { catchAllHost, noHost } from './catch-all.ts';
import { shardHeader } from './shards.ts';
import type { EncodedVirtualHost } from './virtual-host.ts';

export interface RouteConfigurationOptions {
  /** `RouteTable.misdirected`. A host that has a virtual host is not misdirected, whatever this says. */
  readonly misdirected: readonly string[];
  /** `RouteTable.guarded`. */
  readonly guarded?: true | undefined;
}

/** Field `virtual_hosts` of RouteConfiguration. */
const virtualHostsField = 2;

/**
 * Puts encoded virtual hosts into a route configuration, ordered by domain; their bytes are copied, not made again.
 * A host that none of them has is answered with Envoy's own 404.
 */
export function encodeRouteConfiguration(
  name: string,
  virtualHosts: readonly Pick<EncodedVirtualHost, 'domain' | 'bytes'>[],
  options: RouteConfigurationOptions,
): Uint8Array {
  const head = concat(encode(RouteConfigurationSchema, { name }), settings());
  const sorted = virtualHosts.toSorted((a, b) => byText(a.domain, b.domain));
  const domains = new Set(sorted.map((virtualHost) => virtualHost.domain));
  const misdirected = options.misdirected.filter((domain) => !domains.has(domain));
  const hosts = sorted.map((virtualHost) => virtualHost.bytes);
  // 421 has the client try again over a connection of its own (RFC 9110 §15.5.20).
  if (misdirected.length > 0) hosts.push(catchAllHost('misdirected', [...new Set(misdirected)].sort(byText), 421));
  if (options.guarded === true && !domains.has('*') && !misdirected.includes('*')) hosts.push(noHost());
  return appendMessages(head, virtualHostsField, hosts);
}

let encodedSettings: Uint8Array | undefined;

/** What all route configurations have in common, encoded once. */
function settings(): Uint8Array {
  return (encodedSettings ??= encode(RouteConfigurationSchema, {
    // `www.example.com:8080` is a request for www.example.com.
    ignorePortInHostMatching: true,
    // Clusters are sent ahead, and a share for an invalid backend names a cluster that never comes.
    validateClusters: false,
    // What a client says in them is no business of a backend. Envoy strips the other x-envoy-* headers of strangers by itself.
    requestHeadersToRemove: [shardHeader, 'x-envoy-attempt-count'],
  }));
}
