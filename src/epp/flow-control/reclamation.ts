import type { FlowRequest } from './flow-request.ts';
import { IndexedHeap } from './indexed-heap.ts';
import type { EvictionFilter, EvictionOrderPolicy } from './policy.ts';

export interface EvictionOptions {
  readonly filter: EvictionFilter;
  readonly order: EvictionOrderPolicy;
  /** Milliseconds after the end of an evicted request until servers tell that they have room. */
  readonly graceMs: number;
  /** Milliseconds after which an evicted request counts as ended, whether it has or not. */
  readonly timeoutMs?: number;
}

/** What blocks requests that wait. */
export interface Deficit {
  readonly saturation: number;
  /** From which saturation on they wait. */
  readonly ceiling: number;
  readonly priority: number;
  /** Requests that were dispatched and have not ended. */
  readonly inFlight: number;
}

/** Most evictions of one decision: what a request is worth is only known as a mean. */
const mostAtOnce = 2;

/**
 * Says which requests are to end so that others of a higher priority find room. One step at a time: nobody is chosen until those that were chosen
 * before have ended, and the servers have had time to say so; else one shortage would be cured again and again.
 *
 *     chosen ─► ended (or 10 s later) ─► grace ─► the next may be chosen
 */
export class Reclamation {
  readonly #filter: EvictionFilter;
  readonly #graceMs: number;
  readonly #timeoutMs: number;
  readonly #victims: IndexedHeap<FlowRequest>;
  readonly #ending = new Set<FlowRequest>();
  /** Ended, in grace. */
  #cooling: readonly { readonly reclaimed: number; readonly until: number }[] = [];
  /** By how much the pool was too full when it was looked at last. */
  target = 0;
  /** Victims that have ended, and those that were waited for in vain. */
  confirmed = 0;
  timedOut = 0;

  constructor({ filter, order, graceMs, timeoutMs = 10_000 }: EvictionOptions) {
    this.#filter = filter;
    this.#graceMs = graceMs;
    this.#timeoutMs = timeoutMs;
    this.#victims = new IndexedHeap((a, b) => order.compareVictims(a, b));
  }

  /** What is on its way to be freed, in units of saturation. */
  get pending(): number {
    let sum = 0;
    for (const { reclaimed } of this.#ending) sum += reclaimed;
    for (const { reclaimed } of this.#cooling) sum += reclaimed;
    return sum;
  }

  /** Requests that may be chosen. */
  get evictable(): number {
    return this.#victims.size;
  }

  /** A request is at a server. */
  placed(item: FlowRequest): void {
    if (this.#filter.isEvictable(item.request)) this.#victims.add(item);
  }

  /** Returns how long, in milliseconds, an eviction has taken; undefined: it was none. */
  ended(item: FlowRequest, now: number): number | undefined {
    this.#victims.remove(item);
    if (!this.#ending.has(item)) return undefined;
    this.confirmed++;
    this.#cool(item, now);
    return now - item.evictedAt;
  }

  /** Milliseconds until a choice is possible, 0 being now, as far as time alone decides; Infinity: nobody may be evicted for this priority. */
  waitMs(priority: number, now: number): number {
    for (const item of this.#ending) {
      if (now - item.evictedAt < this.#timeoutMs) continue;
      this.timedOut++;
      this.#cool(item, now);
    }
    this.#cooling = this.#cooling.filter(({ until }) => until > now);
    let wait = 0;
    for (const { evictedAt } of this.#ending) wait = Math.max(wait, evictedAt + this.#timeoutMs - now);
    for (const { until } of this.#cooling) wait = Math.max(wait, until - now);
    if (wait > 0) return wait;
    const first = this.#victims.first;
    return first === undefined || first.request.priority >= priority ? Infinity : 0;
  }

  /** Chooses victims, all of a lower priority than those that wait; only when there is no `waitMs`. */
  choose({ saturation, ceiling, priority, inFlight }: Deficit, now: number): readonly FlowRequest[] {
    this.target = saturation - ceiling;
    const each = saturation / inFlight;
    if (!Number.isFinite(each) || each <= 0) return [];
    const count = Math.min(mostAtOnce, Math.max(1, Math.ceil((this.target - this.pending) / each)));
    const chosen: FlowRequest[] = [];
    for (let first = this.#victims.first; chosen.length < count && first !== undefined && first.request.priority < priority; first = this.#victims.first) {
      this.#victims.remove(first);
      this.#ending.add(first);
      first.evictedAt = now;
      first.reclaimed = each;
      chosen.push(first);
    }
    return chosen;
  }

  #cool(item: FlowRequest, now: number): void {
    this.#ending.delete(item);
    this.#cooling = [...this.#cooling, { reclaimed: item.reclaimed, until: now + this.#graceMs }];
  }
}
