import type { MessageInitShape } from '@bufbuild/protobuf';
import type { FilterChainSchema } from '../../gen/envoy/config/listener/v3/listener_components_pb.ts';
import type { FilterChain, Listener } from '../../ir/listener.ts';
import { httpConnectionManager } from './http-connection-manager.ts';
import type { TableLayout } from './shards.ts';
import { tlsTermination } from './tls-termination.ts';

/** What happens to connections of one set of server names. */
export function filterChain(
  chain: FilterChain,
  listener: Listener,
  options: { readonly layout: TableLayout; readonly accessLogPath: string | undefined },
): MessageInitShape<typeof FilterChainSchema> {
  return {
    name: chain.name,
    ...(chain.serverNames.length > 0 && { filterChainMatch: { serverNames: [...chain.serverNames] } }),
    ...(chain.tls !== undefined && { transportSocket: tlsTermination(chain.tls) }),
    filters: [
      {
        name: 'envoy.filters.network.http_connection_manager',
        configType: {
          case: 'typedConfig',
          value: httpConnectionManager({
            table: chain.routeTable,
            layout: options.layout,
            statPrefix: `${chain.tls === undefined ? 'http' : 'https'}-${listener.port}`,
            accessLogPath: options.accessLogPath,
            filterOrder: listener.filterOrder,
            requestFilters: chain.requestFilters,
          }),
        },
      },
    ],
  };
}
