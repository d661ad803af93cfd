/**
 * The entrance of a pool, between reading a request and picking a server for it. Who serves a request does this:
 *
 *     const admission = entrance.admit(request, candidates, waiter);
 *     'rejected'     answer with `status`, `reason` and `message`. That is all.
 *     'dispatched'   pick a server, reserve its load (Account.reserve), call `ticket.placed()`
 *     'waiting'      the waiter hears what comes of it, once: `dispatched`, to go on as above, or `rejected`. The proxy is to be told that
 *                    it has to wait (RequestControl.extend)
 *
 * and whatever happens, `ticket.end()` when the request is over: answered, refused by the scheduler, given up by the client while it waits
 * or later. It may be called any number of times, in any state; after it the waiter hears nothing.
 *
 * Servers may have come and gone while a request waited: look for candidates when it is dispatched, not before.
 * From the dispatch to `placed` a request counts as on its way to nobody in particular. Best is to pick and reserve in the turn of the dispatch; a
 * pick that waits for data meanwhile is counted all the same, so that a burst cannot slip through.
 */
import type { Endpoint } from '../endpoints/endpoint.ts';
import type { InferenceRequest } from '../request/inference-request.ts';
import type { Rejected } from './outcome.ts';

/** Decides which requests may be sent to the servers of one pool, and when. */
export interface Entrance {
  /**
   * Nothing of the waiter is called before this returns, but other requests' waiters may be.
   * @param candidates servers that this request may be sent to; only entrances without a queue look at them
   */
  admit(request: InferenceRequest, candidates: readonly Endpoint[], waiter: Waiter): Admission;
  /** To be called when a server of the pool has new metrics, and when servers have come or gone. */
  wake(): void;
  /** Whoever waits is rejected, as is whoever comes. Requests that were dispatched go on. */
  shutdown(): void;
}

export type Admission = { readonly kind: 'dispatched' | 'waiting'; readonly ticket: Ticket } | Rejected;

/** Hears of one request. What it throws ends the request, and nobody else's. */
export interface Waiter {
  /** It is its turn: see 'dispatched' above. */
  dispatched(): void;
  /** It has waited in vain. */
  rejected(rejection: Rejected): void;
  /** It was dispatched some time ago, and is to make room for others: answer this to the client, and `end`. Only with `enableEviction`. */
  evicted(rejection: Rejected): void;
}

/** The place of one request, from its admission to its end. */
export interface Ticket {
  /** The load of the request is counted at servers from now on. */
  placed(): void;
  /** `usage`: what it has come to, if that is known. */
  end(usage?: Usage): void;
}

export interface Usage {
  readonly promptTokens: number;
  readonly outputTokens: number;
}
