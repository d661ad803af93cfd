import type { MessageInitShape } from '@bufbuild/protobuf';
import { SocketAddress_Protocol } from '../../gen/envoy/config/core/v3/address_pb.ts';
import { ListenerSchema } from '../../gen/envoy/config/listener/v3/listener_pb.ts';
import { TlsInspectorSchema } from '../../gen/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.ts';
import { routeTableOf, type Listener } from '../../ir/listener.ts';
import type { StreamRoute } from '../../ir/stream.ts';
import { any, encode } from './bytes.ts';
import { filterChain } from './filter-chain.ts';
import type { TableLayout } from './shards.ts';
import { udpProxy } from './udp-proxy.ts';

export interface ListenerOptions {
  /** Layouts by key of route table; a table that is not here is whole. */
  readonly tables: ReadonlyMap<string, TableLayout>;
  /** The route of a UDP listener, if it has one. */
  readonly datagramRoute?: StreamRoute | undefined;
  /** File for access logs, /dev/stdout included; undefined: none are written. */
  readonly accessLogPath?: string | undefined;
}

/** What Envoy holds of a connection before it stops reading, in bytes, as Envoy Gateway sets it. */
export const connectionBufferLimit = 32 * 1024;

/** Encodes a listener. Its name is its key. Routes and certificates are not in it, so their changes do not drain it. */
export function encodeListener(listener: Listener, options: ListenerOptions): Uint8Array {
  const { key, address, boundPort, transport } = listener;
  return encode(ListenerSchema, {
    name: key,
    address: {
      address: {
        case: 'socketAddress',
        value: {
          protocol: SocketAddress_Protocol[transport],
          address,
          portSpecifier: { case: 'portValue', value: boundPort },
          // All addresses means those of IPv4 too.
          ipv4Compat: address === '::',
        },
      },
    },
    ...(transport === 'UDP' ? datagrams(listener, options) : connections(listener, options)),
  });
}

type Fields = Pick<
  MessageInitShape<typeof ListenerSchema>,
  'listenerFilters' | 'filterChains' | 'perConnectionBufferLimitBytes' | 'maxConnectionsToAcceptPerSocketEvent' | 'udpListenerConfig'
>;

function connections(listener: Listener, { accessLogPath, tables }: ListenerOptions): Fields {
  const readsTls = listener.chains.some(({ serverNames, tls }) => tls !== undefined || serverNames.length > 0);
  return {
    listenerFilters: readsTls
      ? [{ name: 'envoy.filters.listener.tls_inspector', configType: { case: 'typedConfig', value: any(TlsInspectorSchema, {}) } }]
      : [],
    filterChains: listener.chains.map((chain) =>
      filterChain(chain, listener, { layout: tables.get(routeTableOf(chain) ?? '') ?? { shards: 1 }, accessLogPath }),
    ),
    perConnectionBufferLimitBytes: connectionBufferLimit,
    // Spreads new connections over the worker threads.
    maxConnectionsToAcceptPerSocketEvent: 1,
  };
}

/** Envoy takes the filters of datagrams from the listener alone. Without a route the port is held, and what comes there is dropped. */
function datagrams({ key }: Listener, { accessLogPath, datagramRoute }: ListenerOptions): Fields {
  const value = udpProxy(datagramRoute?.backends ?? [], { statPrefix: `udp-${key}`, accessLogPath });
  return { udpListenerConfig: {}, listenerFilters: [{ name: 'envoy.filters.udp_listener.udp_proxy', configType: { case: 'typedConfig', value } }] };
}
