/** A kind as older versions of the Gateway API have it, and what it is called by now. */
interface FormerKind {
  readonly former: { readonly apiVersion: string; readonly kind: string };
  readonly current: { readonly apiVersion: string; readonly kind: string };
}

/** ListenerSet up to Gateway API v1.4: its fields are the same, but that a listener could go without a port, which nobody gave it here. */
const xListenerSet: FormerKind = {
  former: { apiVersion: 'gateway.networking.x-k8s.io/v1alpha1', kind: 'XListenerSet' },
  current: { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'ListenerSet' },
};

/** An object of a former kind as one of the current kind, with a sentence on that; undefined: it is of no former kind. */
export function fromFormerKind(value: unknown): { readonly value: Readonly<Record<string, unknown>>; readonly note: string } | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { apiVersion, kind } = value as Readonly<Record<string, unknown>>;
  const { former, current } = xListenerSet;
  if (apiVersion !== former.apiVersion || kind !== former.kind) return undefined;
  return { value: { ...value, ...current }, note: `${former.kind} of ${former.apiVersion} is read as a ${current.kind} of ${current.apiVersion}` };
}

/** Whether a reference is to a ListenerSet under its former name. */
export function isFormerListenerSet({ group, kind }: { readonly group: string; readonly kind: string }): boolean {
  return group === 'gateway.networking.x-k8s.io' && kind === xListenerSet.former.kind;
}
