import type { Endpoint } from '../endpoints/endpoint.ts';
import type { Decision, HeaderValue, Plugin, ProfileResult, Stage } from './plugin.ts';

/** What each profile that ran has come to, in order. `undefined`: its filters left nobody. */
export type ProfileResults = ReadonlyMap<string, ProfileResult | undefined>;

/** Decides which scheduling profiles run, and what their results mean. */
export interface ProfileHandler extends Plugin {
  /** The profile to run next, by name; undefined: that is all. */
  next(decision: Decision, profiles: ReadonlySet<string>, results: ProfileResults): string | undefined;
  /** Called when `next` has had enough. */
  finish(decision: Decision, results: ProfileResults): SchedulingResult | Refusal;
}

/** One server that has something to do for the request. */
export interface Assignment {
  readonly endpoint: Endpoint;
  readonly stage: Stage;
  readonly result: ProfileResult;
}

/** Where a request goes. */
export interface SchedulingResult {
  /** Of the profile that serves the client: the first is the destination, the rest what it falls back to, in order. */
  readonly primary: ProfileResult;
  /** `ip:port` of `primary.endpoints`, as the proxy is told. */
  readonly addresses: readonly string[];
  /** All servers that get load by this decision, that of the client first. */
  readonly assignments: readonly Assignment[];
  /** To set in the request, in place of what the client may have sent under these names. */
  readonly headers: readonly HeaderValue[];
  /** To remove from the request: only we may set them. */
  readonly removeHeaders: readonly string[];
  /** Stages that should have had a server of their own and found none: the decoding server does their work. */
  readonly missing: readonly Stage[];
}

/** Why there is no server. */
export type Refusal =
  /** The pool, or what the proxy allows of it, is empty. 503. */
  | { readonly kind: 'no-endpoints' }
  /** The filters of a profile left nobody. 429. `filter` took the last ones. */
  | { readonly kind: 'filtered'; readonly profile: string; readonly filter: string }
  /** An admitter let it not in. 429. */
  | { readonly kind: 'turned-away'; readonly admitter: string }
  /** The request asks for a profile that there is not. 400. */
  | { readonly kind: 'no-profile'; readonly message: string };

/** HTTP status of a refusal (endpoint picker protocol; upstream's director). */
export function statusOf(refusal: Refusal): 400 | 429 | 503 {
  switch (refusal.kind) {
    case 'no-endpoints':
      return 503;
    case 'filtered':
    case 'turned-away':
      return 429;
    case 'no-profile':
      return 400;
  }
}

export function isRefusal(outcome: SchedulingResult | Refusal): outcome is Refusal {
  return 'kind' in outcome;
}

/** A result of one profile that serves the client alone. */
export function onlyResult(primary: ProfileResult): SchedulingResult {
  const [first] = primary.endpoints;
  return {
    primary,
    addresses: primary.endpoints.map(({ address }) => address),
    assignments: first === undefined ? [] : [{ endpoint: first, stage: 'decode', result: primary }],
    headers: [],
    removeHeaders: [],
    missing: [],
  };
}

/** The refusal for a profile that found nobody. The scheduler knows the filter that took the last ones. */
export function nobodyIn(profile: string): Refusal {
  return { kind: 'filtered', profile, filter: '' };
}
