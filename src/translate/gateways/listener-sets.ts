import type { AttachedListenerSet, NamespaceRule } from './state.ts';
import type { Fault } from '../conditions.ts';
import type { AnyListenerSet } from '../former-kinds.ts';
import type { Inputs } from '../inputs.ts';
import { namespaceSelected } from '../namespaces.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import { keyOf, refOf } from '../../api/resource.ts';
import type { Collection, Index, Read } from '../../reactive/collection.ts';
import { byText, chain } from '../../util/compare.ts';

/** ListenerSets by the Gateway that they name. */
export function listenerSetsByGateway(sets: Collection<AnyListenerSet>): Index<AnyListenerSet> {
  return sets.index('gateway', (set) => parentOf(set) ?? []);
}

/** The key of the Gateway that a ListenerSet names; none when it names something else. */
export function parentOf({ metadata, object }: AnyListenerSet): readonly [string] | undefined {
  const { group, kind, name, namespace = metadata.namespace } = object.spec.parentRef;
  return group === 'gateway.networking.k8s.io' && kind === 'Gateway' ? [keyOf(namespace, name)] : undefined;
}

/** What is to be said of a parent that is no Gateway. */
export function wrongParent({ object }: AnyListenerSet): string {
  const { kind, name } = object.spec.parentRef;
  return `only a Gateway can be its parent, not ${kind} ${name}`;
}

/** "ListenerSet ordered by creation time (oldest first), … alphabetically by {namespace}/{name}" (Gateway API, ListenerSet `listeners`). */
const byPrecedence: (a: AnyListenerSet, b: AnyListenerSet) => number = chain<AnyListenerSet>(
  (a, b) => byText(a.metadata.creationTimestamp, b.metadata.creationTimestamp),
  (a, b) => byText(a.key, b.key),
);

/** The ListenerSets that name a Gateway, in order of precedence, each with what keeps it from being taken. */
export function attachedListenerSets(
  read: Read,
  gateway: ResourceOf<'Gateway'>,
  from: { readonly inputs: Inputs; readonly byGateway: Index<AnyListenerSet> },
): (AttachedListenerSet & { readonly set: AnyListenerSet })[] {
  return read.where(from.byGateway, gateway.key).toSorted(byPrecedence).map((set) => ({
    set,
    ref: refOf(set),
    fault: refusal(read, set, { gateway, inputs: from.inputs }),
  }));
}

/** "The default value is to allow no ListenerSets." */
const none: NamespaceRule = { from: 'None' };

function refusal(read: Read, set: AnyListenerSet, { gateway, inputs }: { readonly gateway: ResourceOf<'Gateway'>; readonly inputs: Inputs }): Fault | undefined {
  const { allowedListeners } = gateway.object.spec;
  if (!namespaceSelected(read, set.metadata.namespace, { rule: allowedListeners?.namespaces ?? none, own: gateway.metadata.namespace, inputs })) {
    return { reason: 'NotAllowed', message: `parentRef: Gateway ${gateway.key} does not allow ListenerSets of namespace ${set.metadata.namespace}` };
  }
  const rejection = read.get(inputs.rejections, refOf(set));
  if (rejection?.version === set.version) return { reason: 'Invalid', message: `Envoy refused the listeners: ${rejection.message}` };
  return undefined;
}
