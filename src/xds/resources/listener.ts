import { SocketAddress_Protocol } from '../../gen/envoy/config/core/v3/address_pb.ts';
import { ListenerSchema } from '../../gen/envoy/config/listener/v3/listener_pb.ts';
import { TlsInspectorSchema } from '../../gen/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.ts';
import type { Listener } from '../../ir/listener.ts';
import { any, encode } from './bytes.ts';
import { filterChain } from './filter-chain.ts';
import { bodyLimitOfListener } from './request-filters.ts';
import type { TableLayout } from './shards.ts';

export interface ListenerOptions {
  /** Layouts by key of route table; a table that is not here is whole. */
  readonly tables: ReadonlyMap<string, TableLayout>;
  /** File for access logs, /dev/stdout included; undefined: none are written. */
  readonly accessLogPath?: string | undefined;
}

/** What Envoy holds of a connection before it stops reading, in bytes, as Envoy Gateway sets it. */
export const connectionBufferLimit = 32 * 1024;

/** Encodes a listener. Its name is its key. Routes and certificates are not in it, so their changes do not drain it. */
export function encodeListener(listener: Listener, options: ListenerOptions): Uint8Array {
  const { accessLogPath } = options;
  return encode(ListenerSchema, {
    name: listener.key,
    address: {
      address: {
        case: 'socketAddress',
        value: {
          protocol: SocketAddress_Protocol.TCP,
          address: listener.address,
          portSpecifier: { case: 'portValue', value: listener.boundPort },
          // All addresses means those of IPv4 too.
          ipv4Compat: listener.address === '::',
        },
      },
    },
    listenerFilters: listener.chains.some((chain) => chain.tls !== undefined)
      ? [{ name: 'envoy.filters.listener.tls_inspector', configType: { case: 'typedConfig', value: any(TlsInspectorSchema, {}) } }]
      : [],
    filterChains: listener.chains.map((chain) =>
      filterChain(chain, listener, { layout: options.tables.get(chain.routeTable) ?? { shards: 1 }, accessLogPath }),
    ),
    perConnectionBufferLimitBytes: connectionBufferLimit + bodyLimitOfListener(listener),
    // Spreads new connections over the worker threads.
    maxConnectionsToAcceptPerSocketEvent: 1,
  });
}
