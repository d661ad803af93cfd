/** What a reflector does at the moment in one scope. */
export type ReflectorState =
  /** Reads the whole collection. */
  | { readonly kind: 'listing' }
  /** Knows all there was and hears of changes. */
  | { readonly kind: 'watching' }
  /** The API server does not answer, or not well; what is known is kept. `since` by the reflector's clock, in milliseconds. */
  | { readonly kind: 'retrying'; readonly since: number; readonly message: string }
  /** The API server does not serve the resource (no such CRD); looked for again every two seconds. */
  | { readonly kind: 'absent' }
  /** RBAC forbids to list or watch; what is known is kept, and it is tried again. */
  | { readonly kind: 'denied'; readonly message: string };

/** Where objects are looked for: everywhere, or in these namespaces. */
export type NamespaceScope = 'all' | readonly string[];

/** What changed at one moment. A key is in one of the two at most, and once. */
export interface ReflectorChanges<T> {
  /** New and changed objects. */
  readonly set: readonly T[];
  /** `namespace/name` (or `name`) of objects that went; all of them were in a `set` before. */
  readonly deleted: readonly string[];
}
