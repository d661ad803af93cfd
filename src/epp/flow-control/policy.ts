/** What policies of flow control are. State is of one pool. */
import type { InferenceRequest } from '../request/inference-request.ts';
import type { Plugin } from '../scheduling/plugin.ts';
import type { Usage } from './admission.ts';

/** A request that waits. */
export interface Queued {
  readonly request: InferenceRequest;
  /** Milliseconds on the monotonic clock at which it began to wait. */
  readonly since: number;
  /** What its ordering policy gave it: the least goes first. */
  readonly rank: number;
  /** Counts requests as they come: of equal rank, the least goes first. */
  readonly serial: number;
  /** Place in a heap; kept by the heap, of which there is one at a time. */
  heapIndex: number;
}

/** Which request of a flow goes first. */
export interface OrderingPolicy extends Plugin {
  /** `ttlMs`: how long it may wait; 0: as long as it likes. Infinity goes last. */
  rank(request: InferenceRequest, now: number, ttlMs: number): number;
}

/** Which flow goes first, among requests of one priority. */
export interface FairnessPolicy extends Plugin {
  /** An empty queue for one more priority. */
  fairQueue(): FairQueue;
  /** A request that was dispatched at `dispatchedAt` is over, and is known to have come to this. */
  settle?(request: InferenceRequest, usage: Usage, dispatchedAt: number): void;
}

/** Requests of one priority that wait. */
export interface FairQueue {
  readonly size: number;
  add(item: Queued): void;
  /** Who goes next, and stays; undefined when nobody is there. */
  next(): Queued | undefined;
  /** `next` takes its turn. */
  dispatch(item: Queued, now: number): void;
  /** Somebody goes who has not had a turn. */
  remove(item: Queued): void;
}

/** How full a pool may be for requests of a priority. */
export interface UsageLimitPolicy extends Plugin {
  /**
   * Writes to `ceilings[i]` the saturation from which on requests of `priorities[i]` wait; priorities come with the highest first, at least one. Called
   * once for each attempt to dispatch a request. Returns after how many milliseconds ceilings may be others though nothing else is; Infinity: never.
   */
  limit(saturation: number, priorities: readonly number[], ceilings: Float64Array, now: number): number;
}

/** A request that was dispatched. */
export interface Dispatched {
  readonly request: InferenceRequest;
  /** Counts requests as they are dispatched. */
  readonly dispatchSerial: number;
}

/** Which requests may be ended to make room. */
export interface EvictionFilter extends Plugin {
  isEvictable(request: InferenceRequest): boolean;
}

/** Which of them goes first: the lesser by `compareVictims`. */
export interface EvictionOrderPolicy extends Plugin {
  compareVictims(a: Dispatched, b: Dispatched): number;
}
