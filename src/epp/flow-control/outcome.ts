/** What becomes of requests at the entrance of a pool, as the upstream picker names it in metrics. */
export type Outcome =
  | 'Dispatched'
  /** As many requests, or bytes of them, wait as may. */
  | 'RejectedCapacity'
  /** The same, while the pool has no server. */
  | 'RejectedNoEndpoints'
  /** The picker ends, and takes no more. */
  | 'RejectedOther'
  /** It has waited as long as it may. */
  | 'EvictedTTL'
  /** It has waited for a server of an empty pool as long as it may. */
  | 'EvictedNoEndpoints'
  /** The client is gone, or the proxy waits no longer. */
  | 'EvictedContextCancelled'
  /** The picker ends while it waits. */
  | 'EvictedOther';

/** Value of the header `x-llm-d-request-dropped-reason`. */
export type DroppedReason =
  | 'rejected-saturated'
  | 'rejected-no-endpoints'
  | 'rejected-ttl-expired'
  | 'rejected-context-cancelled'
  | 'rejected-shutting-down'
  | 'evicted';

/** Why a request is not sent to a server, or has to leave it. */
export interface Rejected {
  readonly kind: 'rejected';
  /** 429: there is a pool, and it is full; 503: there is none. */
  readonly status: 429 | 503;
  readonly reason: DroppedReason;
  readonly message: string;
}

function rejected(status: 429 | 503, reason: DroppedReason, message: string): Rejected {
  return { kind: 'rejected', status, reason, message };
}

export const rejections: Readonly<Record<Exclude<Outcome, 'Dispatched'>, Rejected>> = {
  RejectedCapacity: rejected(429, 'rejected-saturated', 'the servers of the pool are full, and as many requests wait as may'),
  RejectedNoEndpoints: rejected(503, 'rejected-no-endpoints', 'the pool has no server that is ready, and as many requests wait for one as may'),
  RejectedOther: rejected(503, 'rejected-shutting-down', 'the endpoint picker is shutting down'),
  EvictedTTL: rejected(429, 'rejected-ttl-expired', 'the servers of the pool were full for as long as the request may wait'),
  EvictedNoEndpoints: rejected(503, 'rejected-no-endpoints', 'the pool had no server that is ready for as long as the request may wait'),
  EvictedContextCancelled: rejected(503, 'rejected-context-cancelled', 'the client has gone'),
  EvictedOther: rejected(503, 'rejected-shutting-down', 'the endpoint picker is shutting down'),
};

/** Without flow control. */
export const saturated = rejected(429, 'rejected-saturated', 'the servers of the pool are full, and requests of a priority below 0 do not wait');

/** Of a request that a server has begun to answer. */
export const evicted = rejected(429, 'evicted', 'the request had to make room for others of a higher priority');
