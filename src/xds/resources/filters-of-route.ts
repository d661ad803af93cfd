import type { Any } from '@bufbuild/protobuf/wkt';
import { CompositePerRouteSchema, CompositeSchema, ExecuteFilterActionSchema } from '../../gen/envoy/extensions/filters/http/composite/v3/composite_pb.ts';
import { any } from './bytes.ts';
import type { Predicate } from './header-predicate.ts';

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

/**
 * What stands at the place for the requests of a route, or of one of its weighted clusters, but for those that fit one of two or more exceptions:
 * filters in order. Of several only the last may hold a request up: in a chain of its own Envoy loses what others hold back.
 */
export function filtersOfRoute(filters: readonly RouteFilter[], except: readonly Predicate[] = []): Any {
  const action = any(ExecuteFilterActionSchema, { filterChain: { typedConfig: [...filters] } });
  const onMatch = { onMatch: { case: 'action' as const, value: { name: 'filters', typedConfig: action } } };
  if (except.length === 0) return any(CompositePerRouteSchema, { matcher: { onNoMatch: onMatch } });
  const exceptions: Predicate = { matchType: { case: 'orMatcher', value: { predicate: [...except] } } };
  const predicate: Predicate = { matchType: { case: 'notMatcher', value: exceptions } };
  return any(CompositePerRouteSchema, { matcher: { matcherType: { case: 'matcherList', value: { matchers: [{ predicate, onMatch }] } } } });
}
