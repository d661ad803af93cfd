import type { PriorityBandTemplate } from '../config/endpoint-picker-config.ts';
import type { FlowRequest } from './flow-request.ts';
import type { FairnessPolicy, FairQueue, OrderingPolicy } from './policy.ts';

export interface BandPolicies {
  readonly fairness: FairnessPolicy;
  readonly ordering: OrderingPolicy;
}

/** The requests of one priority that wait, and how many may. */
export class Band {
  readonly priority: number;
  /** Nobody has configured this priority: it goes when nothing of it has come for long. */
  readonly isDynamic: boolean;
  readonly maxRequests: number;
  readonly maxBytes: number;
  readonly fairness: FairnessPolicy;
  readonly ordering: OrderingPolicy;
  readonly queue: FairQueue;
  /** Of the bodies of requests that wait. */
  bytes = 0;
  /** When a request of this priority came last, in milliseconds on the monotonic clock. */
  usedAt = 0;

  constructor(priority: number, isDynamic: boolean, { maxRequests, maxBytes }: PriorityBandTemplate, { fairness, ordering }: BandPolicies) {
    this.priority = priority;
    this.isDynamic = isDynamic;
    this.maxRequests = maxRequests;
    this.maxBytes = maxBytes;
    this.fairness = fairness;
    this.ordering = ordering;
    this.queue = fairness.fairQueue();
  }

  /** Requests that wait. */
  get size(): number {
    return this.queue.size;
  }

  /** Whether more wait than may. */
  get isOverfull(): boolean {
    return this.size > this.maxRequests || this.bytes > this.maxBytes;
  }

  add(item: FlowRequest): void {
    this.bytes += item.request.bodyBytes;
    this.queue.add(item);
  }

  /** The next one has its turn. */
  dispatch(item: FlowRequest, now: number): void {
    this.bytes -= item.request.bodyBytes;
    this.queue.dispatch(item, now);
  }

  remove(item: FlowRequest): void {
    this.bytes -= item.request.bodyBytes;
    this.queue.remove(item);
  }
}
