import type { TranslatedRoute } from './translated-route.ts';
import { refOf, type Resource } from '../../api/resource.ts';
import type { ParentReference, RouteKind } from '../../api/types.ts';

/** What a translated route has of its object, whatever its rules say. */
export function routeIdentity(
  route: Resource<RouteKind, { readonly spec: { readonly parentRefs?: readonly ParentReference[] } }>,
): Pick<TranslatedRoute, 'ref' | 'kind' | 'key' | 'namespace' | 'generation' | 'createdAt' | 'parentRefs'> {
  const { kind, key, metadata, object } = route;
  const { namespace, generation, creationTimestamp } = metadata;
  return { ref: refOf(route), kind, key, namespace, generation, createdAt: creationTimestamp, parentRefs: object.spec.parentRefs ?? [] };
}
