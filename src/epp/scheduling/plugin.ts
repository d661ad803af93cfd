import type { Endpoint } from '../endpoints/endpoint.ts';
import type { PrefixMatch } from '../prefix/prefix-match.ts';
import type { InferenceRequest } from '../request/inference-request.ts';

/** A plugin as a configuration names it. */
export interface Plugin {
  /** Name of the instance, the type unless the configuration gives another. */
  readonly name: string;
  readonly type: string;
}

/** One decision about one request, while it is made. */
export interface Decision {
  readonly request: InferenceRequest;
  /** Milliseconds on the monotonic clock. */
  readonly now: number;
  /** What producers of prefix matches found, by the name of the producer. */
  readonly prefixes: Map<string, PrefixMatch>;
  /** What other producers found, by endpoint slot, under the names they give. */
  readonly attributes: Map<string, Float64Array>;
  /** Sessions that requests belong to, by the name of the producer that knows. */
  readonly sessions: Map<string, string>;
  /** The server that another stage of this request goes to, while that of the next is chosen. */
  peer: Endpoint | undefined;
}

/** A decision that nothing is known for but the request. */
export function newDecision(request: InferenceRequest, now: number): Decision {
  return { request, now, prefixes: new Map(), attributes: new Map(), sessions: new Map(), peer: undefined };
}

/** Finds out something that other plugins need, before any of these run. What it cannot find is missing, and the decision goes on. */
export interface DataProducer extends Plugin {
  produce(decision: Decision, candidates: readonly Endpoint[]): void | Promise<void>;
}

/** Leaves out endpoints that must not be picked. */
export interface Filter extends Plugin {
  filter(decision: Decision, candidates: readonly Endpoint[]): readonly Endpoint[];
}

/** Rates endpoints. Pure: it changes nothing but `scores`. */
export interface Scorer extends Plugin {
  /** Writes a score from 0 (bad) to 1 (good) for `candidates[i]` to `scores[i]`; what is outside is clamped. */
  score(decision: Decision, candidates: readonly Endpoint[], scores: Float64Array): void;
}

/** Chooses by the weighted sums of all scores. */
export interface Picker extends Plugin {
  /** The best first; the rest is what a request falls back to, in order. At least one. */
  pick(decision: Decision, candidates: readonly Endpoint[], totals: Float64Array): readonly Endpoint[];
}

/** Hears of each request that was sent to an endpoint, and of its end. Synchronous: what it notes holds for the next decision. */
export interface Observer extends Plugin {
  /**
   * Once for each profile that has chosen servers; `decode` is the one whose first server the request goes to. Once more when the request
   * went to another one, because that could not be reached: then that is the first of `result.endpoints`.
   */
  picked?(decision: Decision, result: ProfileResult, stage: Stage): void;
  /** The first byte of the answer, at which prompts count as read. */
  responded?(decision: Decision, endpoint: Endpoint): void;
  ended?(decision: Decision, endpoint: Endpoint): void;
  /** Headers to set in the answer that comes from this endpoint. */
  responseHeaders?(decision: Decision, endpoint: Endpoint): readonly HeaderValue[];
  /** The endpoint is not in its pool any more; its slot will be somebody else's. */
  removed?(endpoint: Endpoint): void;
}

/** Part that a server plays in answering a request. `decode` is to answer the client, and all the rest when nobody else does it. */
export type Stage = 'decode' | 'prefill' | 'encode';

export type HeaderValue = readonly [name: string, value: string];

/** Says how full a pool is. As a filter it leaves out servers that are full. */
export interface SaturationDetector extends Filter {
  /**
   * 1: full; may be more. Of no endpoints: 1.
   * @param coming requests that are let in and not placed yet: they will be somewhere, so each server has its share of them
   */
  saturation(now: number, endpoints: readonly Endpoint[], coming?: number): number;
  /** Servers that count as full because nothing was heard of them lately. Missing: it does not listen. */
  stale?(now: number, endpoints: readonly Endpoint[]): number;
  /** Milliseconds after which servers count as full when nothing is heard of them. */
  readonly stalenessMs?: number;
}

/** May turn a request away before a server is looked for. */
export interface Admitter extends Plugin {
  admits(decision: Decision, candidates: readonly Endpoint[]): boolean;
}

/** Says whether a stage of a request is worth a server of its own. */
export interface Decider extends Plugin {
  /** `endpoint` is the server that decodes, when it has been chosen already. */
  disaggregate(decision: Decision, endpoint: Endpoint | undefined): boolean;
}

/** What a scheduling profile has come to. */
export interface ProfileResult {
  readonly profile: string;
  /** The best first. */
  readonly endpoints: readonly Endpoint[];
  /** What was left after the filters, for explanations. */
  readonly candidates: readonly Endpoint[];
  /** Of `candidates`, in this order; may be longer. Valid until the profile runs again. */
  readonly totals: Float64Array;
}
