import type { TranslatedRoute } from './translated-route.ts';
import { refOf, type Resource } from '../../api/resource.ts';
import type { ParentReference, RouteKind } from '../../api/types.ts';

/** What the specs of all kinds of routes say of their parents. */
export interface RouteParents {
  readonly parentRefs?: readonly ParentReference[];
  readonly useDefaultGateways?: 'All' | 'None';
}

/** What a translated route has of its object, whatever its rules say. */
export function routeIdentity(
  route: Resource<RouteKind, { readonly spec: RouteParents }>,
): Pick<TranslatedRoute, 'ref' | 'kind' | 'key' | 'namespace' | 'generation' | 'createdAt' | 'parentRefs' | 'useDefaultGateways'> {
  const { kind, key, metadata, object } = route;
  const { namespace, generation, creationTimestamp } = metadata;
  const { parentRefs = [], useDefaultGateways } = object.spec;
  return {
    ref: refOf(route),
    kind,
    key,
    namespace,
    generation,
    createdAt: creationTimestamp,
    parentRefs,
    useDefaultGateways: useDefaultGateways === 'All' ? 'All' : undefined,
  };
}
