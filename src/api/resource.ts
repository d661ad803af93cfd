import { byText, chain } from '../util/compare.ts';
import type { Problem } from './problem.ts';

/** Metadata of an object, the part that means something to a gateway. */
export interface ObjectMeta {
  readonly name: string;
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** RFC 3339; '' when the source keeps none (files). Orders conflicting objects, the oldest first. */
  readonly creationTimestamp: string;
  /** Counts changes of the spec, from 1. Conditions carry it as observedGeneration. */
  readonly generation: number;
}

/** Where an object was read. */
export interface Origin {
  /** Path as the user gave it, or '' when the object came from an API server. */
  readonly file: string;
  /** First line of the object's document, from 1. */
  readonly line: number;
}

/**
 * One user object: decoded, converted to its kind's storage version, defaulted and valid.
 * The whole program reads objects in this form, wherever they came from, and nobody changes one.
 */
export interface Resource<Kind extends string = string, Body = unknown> {
  readonly kind: Kind;
  /** `namespace/name`, or `name` for cluster-scoped kinds: the key in the kind's collection. */
  readonly key: string;
  readonly metadata: ObjectMeta;
  /** The whole object as its kind's schema has it: `spec`, or a Secret's `data`, an EndpointSlice's `endpoints`. */
  readonly object: Body;
  readonly origin: Origin;
  /**
   * Hash of everything but status; of that, too, where it is what the kind is read for. Two resources with equal versions are equal, and a rejection by Envoy
   * is about one version, not about the object for ever.
   */
  readonly version: string;
}

/** What decoding one object gives: a resource, or problems that say why not; or both, when problems are only warnings. */
export interface Decoded {
  readonly resource: Resource | undefined;
  readonly problems: readonly Problem[];
}

/** Names an object across kinds: `HTTPRoute/default/backend`. */
export type ObjectRef = `${string}/${string}`;

/** The reference of a resource. */
export function refOf(resource: { readonly kind: string; readonly key: string }): ObjectRef {
  return `${resource.kind}/${resource.key}`;
}

/** The older one first; of two with the same age, or from files, which have none, the one whose key comes first. */
export const byAge: (a: Pick<Resource, 'metadata' | 'key'>, b: Pick<Resource, 'metadata' | 'key'>) => number = chain(
  (a, b) => byText(a.metadata.creationTimestamp, b.metadata.creationTimestamp),
  (a, b) => byText(a.key, b.key),
);

/** The key of an object in its kind's collection. */
export function keyOf(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}
