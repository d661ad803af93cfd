import { condition, holdsUnless, resolvedRefs, type Fault } from '../conditions.ts';
import type { Attachment } from '../routes/attachments.ts';
import type { RouteVerdict } from '../routes/translated-route.ts';
import type { Condition } from '../../api/conditions.ts';
import type { ParentReference } from '../../api/types.ts';

/** `status` of a route of any kind. */
export interface RouteStatus {
  readonly parents: readonly {
    readonly parentRef: ParentReference;
    readonly controllerName: string;
    readonly conditions: readonly Condition[];
  }[];
}

/**
 * The status of a route: the verdict on its rules, and for each parent the verdict on attaching there. `unavailable` says
 * which backends nobody serves: a condition of Envoy Gateway's, there only while it is False.
 */
export function routeStatus(
  attachments: readonly Attachment[],
  verdict: RouteVerdict,
  about: { readonly generation: number; readonly controllerName: string; readonly unavailable: Fault | undefined },
): RouteStatus {
  const { generation, controllerName, unavailable } = about;
  return {
    parents: attachments.map(({ parentRef, byDefault, fault, ...parent }) => {
      const accepted = fault ?? verdict.acceptedFault;
      const conditions = [
        holdsUnless(accepted, 'Accepted', { message: byDefault ? 'Route is accepted, by a default Gateway' : 'Route is accepted', generation }),
        resolvedRefs(verdict.refsFault, generation),
      ];
      // "This condition MUST NOT be set if a Route is fully valid, fully invalid, or not accepted."
      if (verdict.partialFault !== undefined && accepted === undefined) {
        conditions.push(condition('PartiallyInvalid', true, { ...verdict.partialFault, generation }));
      }
      if (unavailable !== undefined) conditions.push(condition('BackendsAvailable', false, { ...unavailable, generation }));
      return { parentRef, controllerName: parent.controllerName === '' ? controllerName : parent.controllerName, conditions };
    }),
  };
}
