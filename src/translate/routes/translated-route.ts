import type { TranslatedRule } from './rules.ts';
import type { Fault } from '../conditions.ts';
import type { ObjectRef } from '../../api/resource.ts';
import type { ParentReference, RouteKind } from '../../api/types.ts';
import type { StreamBackend } from '../../ir/stream.ts';

/** What the rules of a route say of themselves, wherever it attaches. */
export interface RouteVerdict {
  /** Accepted=False: nothing of the route does what it says. */
  readonly acceptedFault: Fault | undefined;
  /** PartiallyInvalid=True: some of it does not. */
  readonly partialFault: Fault | undefined;
  /** ResolvedRefs=False. */
  readonly refsFault: Fault | undefined;
}

/** A route of any kind, whatever Gateways it attaches to. Key: its reference. */
export interface TranslatedRoute extends RouteVerdict {
  readonly ref: ObjectRef;
  readonly kind: RouteKind;
  /** `namespace/name`. */
  readonly key: string;
  readonly namespace: string;
  readonly generation: number;
  readonly createdAt: string;
  readonly parentRefs: readonly ParentReference[];
  /** It attaches to every default Gateway of this scope too; undefined: only to what it names. */
  readonly useDefaultGateways: 'All' | undefined;
  /** Lower case; `['*']` when none are given, or the kind has none. */
  readonly hostnames: readonly string[];
  /** Keys of all backends that its rules name, unique. */
  readonly backends: readonly string[];
  /** Those that it names where TLS passes through; undefined: the same. */
  readonly passthroughBackends?: readonly string[];
}

/** A TLSRoute, a TCPRoute or a UDPRoute. */
export interface L4Route extends TranslatedRoute {
  readonly version: string;
  /** Those with a weight above 0; none: nobody gets anything. */
  readonly shares: readonly StreamBackend[];
  /** The same where TLS passes through. */
  readonly passthroughShares: readonly StreamBackend[];
}

/** An HTTPRoute or a GRPCRoute. */
export interface L7Route extends TranslatedRoute {
  /** Rules that have at least one match left. */
  readonly rules: readonly { readonly index: number; readonly translated: TranslatedRule }[];
}
