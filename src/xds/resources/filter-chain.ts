import type { MessageInitShape } from '@bufbuild/protobuf';
import type { FilterChainSchema, FilterSchema } from '../../gen/envoy/config/listener/v3/listener_components_pb.ts';
import { TcpProxySchema } from '../../gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts';
import { terminationOf, type FilterChain, type Listener } from '../../ir/listener.ts';
import { assertNever } from '../../util/assert.ts';
import { discovered } from './discovered-filter.ts';
import { httpConnectionManager } from './http-connection-manager.ts';
import type { TableLayout } from './shards.ts';
import { tlsTermination } from './tls-termination.ts';
import { tracing } from './tracing.ts';

export interface FilterChainOptions {
  /** Of the route table behind the chain, if there is one. */
  readonly layout: TableLayout;
  readonly accessLogPath: string | undefined;
}

/** What happens to connections of one set of server names. */
export function filterChain(chain: FilterChain, listener: Listener, options: FilterChainOptions): MessageInitShape<typeof FilterChainSchema> {
  const { name, serverNames, tls } = chain;
  const termination = terminationOf(chain);
  const match = {
    ...(serverNames.length > 0 && { serverNames: [...serverNames] }),
    // What is no TLS would be handed to servers that expect nothing else.
    ...(tls === 'passthrough' && { transportProtocol: 'tls' }),
  };
  return {
    name,
    ...(Object.keys(match).length > 0 && { filterChainMatch: match }),
    ...(termination !== undefined && { transportSocket: tlsTermination(termination) }),
    filters: filters(chain, listener, options),
  };
}

/** A chain without filters closes its connections. */
function filters(
  { target, tls }: FilterChain,
  listener: Listener,
  { layout, accessLogPath }: FilterChainOptions,
): MessageInitShape<typeof FilterSchema>[] {
  switch (target?.type) {
    case undefined:
      return [];
    case 'stream':
      return [{ name: target.route, configType: { case: 'configDiscovery', value: discovered(TcpProxySchema.typeName) } }];
    case 'routes': {
      const value = httpConnectionManager({
        table: target.table,
        layout,
        statPrefix: `${tls === undefined ? 'http' : 'https'}-${listener.port}`,
        accessLogPath,
        filterOrder: listener.filterOrder,
        requestFilters: target.requestFilters ?? [],
        tracing: target.tracing && tracing(target.tracing, listener.port),
      });
      return [{ name: 'envoy.filters.network.http_connection_manager', configType: { case: 'typedConfig', value } }];
    }
    default:
      return assertNever(target);
  }
}
