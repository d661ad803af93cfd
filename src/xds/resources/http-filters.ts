import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { CorsSchema } from '../../gen/envoy/extensions/filters/http/cors/v3/cors_pb.ts';
import { LuaSchema } from '../../gen/envoy/extensions/filters/http/lua/v3/lua_pb.ts';
import { RouterSchema } from '../../gen/envoy/extensions/filters/http/router/v3/router_pb.ts';
import type { HttpFilterSchema } from '../../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import type { FilterPosition } from '../../ir/listener.ts';
import type { RequestFilter } from '../../ir/request-filter.ts';
import { any } from './bytes.ts';
import { corsFilter } from './cors.ts';
import { endpointPickerFilter } from './endpoint-picker.ts';
import { externalAuthFilter } from './external-auth.ts';
import { placeForFilters } from './filters-of-route.ts';
import { grpcWebFilter } from './grpc-web.ts';
import { requestFilter } from './request-filters.ts';
import { sessionFilter } from './session.ts';
import { shardFilterSource } from './shards.ts';
import type { TableLayout } from './shards.ts';
import { wholeBodyFilter } from './whole-body.ts';

/** An HTTP filter: on which tables it is, and its configuration there. */
interface HttpFilter {
  readonly name: string;
  readonly isOn: (layout: TableLayout) => boolean;
  readonly config: (table: string, layout: TableLayout) => Any;
}

export interface HttpFilterOptions {
  readonly filterOrder: readonly FilterPosition[];
  readonly requestFilters: readonly RequestFilter[];
}

/** Every HTTP filter, in the order in which requests pass through (responses the other way). */
const filters: readonly HttpFilter[] = [
  // First: it finds the routes, and the filters after it read their settings from the route.
  {
    name: 'moongate.shard',
    isOn: (layout) => layout.shards > 1,
    config: (table, layout) =>
      any(LuaSchema, { defaultSourceCode: { specifier: { case: 'inlineString', value: shardFilterSource(table, layout.shards) } } }),
  },
  // Before all that may refuse a request: preflights carry no credentials, and refusals must be readable across origins.
  // Always on: a filter that comes with the first route that needs it would drain the listener's connections.
  { name: corsFilter, isOn: () => true, config: () => any(CorsSchema, {}) },
  // From here on, places for filters that routes bring along. After CORS, which browsers need for gRPC-Web.
  { name: grpcWebFilter, isOn: () => true, config: placeForFilters },
  { name: externalAuthFilter, isOn: () => true, config: placeForFilters },
  // After all that may refuse a request: a picker counts the requests that it sends to a server. Before the session, which
  // has the last word on the server, as its client was promised.
  { name: wholeBodyFilter, isOn: () => true, config: placeForFilters },
  { name: endpointPickerFilter, isOn: () => true, config: placeForFilters },
  { name: sessionFilter, isOn: () => true, config: placeForFilters },
  // Last by nature: it ends the chain. The x-envoy-* headers it could add tell clients and servers about our insides.
  { name: 'envoy.filters.http.router', isOn: () => true, config: () => any(RouterSchema, { suppressEnvoyHeaders: true }) },
];

/** The HTTP filters for a route table. Those of its listeners come before all that looks at routes, in an order that nobody changes. */
export function httpFilters(table: string, layout: TableLayout, options: HttpFilterOptions): MessageInitShape<typeof HttpFilterSchema>[] {
  const common = arranged(filters.filter((filter) => filter.isOn(layout)), options.filterOrder)
    .map((filter) => ({ name: filter.name, config: filter.config(table, layout) }));
  return common.toSpliced(layout.shards > 1 ? 1 : 0, 0, ...options.requestFilters.map(requestFilter)).map(httpFilter);
}

/** A filter with its configuration. */
export interface NamedFilter {
  readonly name: string;
  readonly config: Any;
}

/** A filter as the connection manager has it. */
export function httpFilter({ name, config }: NamedFilter): MessageInitShape<typeof HttpFilterSchema> {
  return { name, configType: { case: 'typedConfig', value: config } };
}

/** Moves filters to where they are wanted, one wish after the other. Those at both ends stay there: routes come first, the router last. */
export function arranged<Filter extends { readonly name: string }>(filters: readonly Filter[], order: readonly FilterPosition[]): readonly Filter[] {
  return order.reduce((arrangement: readonly Filter[], { name, before, after }) => {
    const filter = arrangement.find((one) => one.name === name);
    const rest = arrangement.filter((one) => one !== filter);
    const neighbour = rest.findIndex((one) => one.name === (before ?? after));
    if (filter === undefined || neighbour === -1) return arrangement;
    return rest.toSpliced(before === undefined ? neighbour + 1 : neighbour, 0, filter);
  }, filters);
}
