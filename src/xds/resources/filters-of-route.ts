import type { Any } from '@bufbuild/protobuf/wkt';
import { CompositePerRouteSchema, CompositeSchema, ExecuteFilterActionSchema } from '../../gen/envoy/extensions/filters/http/composite/v3/composite_pb.ts';
import { any } from './bytes.ts';

/** A filter with its configuration, as it would stand in a listener. */
export interface RouteFilter {
  readonly name: string;
  readonly typedConfig: Any;
}

/**
 * A place in the chain of HTTP filters where a route may have filters of its own (Envoy's composite filter). Listeners have
 * the place and never change; what stands there comes and goes with the routes.
 *
 * Envoy's other way, a filter that is `disabled` in the listener and enabled by routes, is no way for tables in shards:
 * it looks at the route before the shard filter has run, finds none, and leaves the filter out.
 */
export function placeForFilters(): Any {
  return any(CompositeSchema, {});
}

/** What stands at the place for the requests of a route, or of one of its weighted clusters: filters in order. */
export function filtersOfRoute(filters: readonly RouteFilter[]): Any {
  const action = any(ExecuteFilterActionSchema, { filterChain: { typedConfig: [...filters] } });
  return any(CompositePerRouteSchema, {
    matcher: { onNoMatch: { onMatch: { case: 'action', value: { name: 'filters', typedConfig: action } } } },
  });
}
