import type { Endpoint } from '../endpoints/endpoint.ts';
import type { FlowControlConfig, PriorityBandTemplate } from '../config/endpoint-picker-config.ts';
import type { InferenceRequest } from '../request/inference-request.ts';
import type { Admission, Entrance, Usage, Waiter } from './admission.ts';
import { Alarm } from './alarm.ts';
import type { Band, BandPolicies } from './band.ts';
import { Bands } from './bands.ts';
import { FlowRequest, type TicketOffice } from './flow-request.ts';
import { evicted, rejections, type Outcome, type Rejected } from './outcome.ts';
import type { UsageLimitPolicy } from './policy.ts';
import type { PoolSaturation, StageSaturation } from './pool-saturation.ts';
import { Reclamation, type EvictionOptions } from './reclamation.ts';
import type { Timers } from './timers.ts';
import { WaitingRoom } from './waiting-room.ts';

export interface FlowControllerOptions {
  readonly config: FlowControlConfig;
  readonly policies: (template: PriorityBandTemplate) => BandPolicies;
  readonly usageLimit: UsageLimitPolicy;
  readonly saturation: PoolSaturation;
  /** Missing: nobody is evicted. */
  readonly eviction?: EvictionOptions;
  readonly timers: Timers;
  readonly listener?: FlowListener;
  /** Told what a waiter has thrown. Its request is over. */
  readonly failed?: (error: unknown) => void;
}

/** Hears what metrics count. */
export interface FlowListener {
  /** `waitedMs`: from its coming to this. */
  outcome?(request: InferenceRequest, outcome: Outcome, waitedMs: number): void;
  /** Somebody is evicted for requests of this priority. */
  evicting?(priority: number): void;
  /** An evicted request has ended, so many milliseconds later. */
  evictionEnded?(tookMs: number): void;
}

/** Requests that are told to have expired in one turn; more of them would keep everybody else waiting. */
export const mostExpiredAtOnce = 500;

/**
 * Holds requests back while the servers of a pool are full, so that they wait where they can be put in order.
 *
 *     admit ─► band of its priority ─► flow of its fairness id ─► its place in the flow
 *     next  ◄─ highest priority first ◄─ fairness policy        ◄─ ordering policy
 *
 * Nothing happens by the clock but expiry: it is looked for the next request when one comes, ends or is placed, when a server has new metrics, and when
 * servers come or go. Head of the line: while the pool is too full for a priority, no lower one is served either, even if nobody of the higher one waits.
 *
 * One request costs a look at each server and each band, and O(log n) for its place in the queues, however many wait.
 */
export class FlowController implements Entrance, TicketOffice {
  readonly reclamation: Reclamation | undefined;
  readonly waiting: WaitingRoom;
  /** Of all that wait; 0: none. */
  readonly limits: Pick<FlowControlConfig, 'maxRequests' | 'maxBytes'>;
  /** What has become of all requests so far. */
  readonly outcomes: Record<Outcome, number> = {
    Dispatched: 0, RejectedCapacity: 0, RejectedNoEndpoints: 0, RejectedOther: 0, EvictedTTL: 0, EvictedNoEndpoints: 0, EvictedContextCancelled: 0, EvictedOther: 0,
  };
  readonly #ttlMs: number;
  readonly #usageLimit: UsageLimitPolicy;
  readonly #saturation: PoolSaturation;
  readonly #timers: Timers;
  readonly #listener: FlowListener;
  readonly #failed: (error: unknown) => void;
  readonly #bands: Bands;
  readonly #alarm: Alarm;
  #ceilings = new Float64Array(8);
  #inFlight = 0;
  #coming = 0;
  #serial = 0;
  #dispatchSerial = 0;
  #isShutDown = false;
  /** In how many milliseconds something may change though nothing happens. */
  #retryMs = Infinity;
  /** The request that `admit` is about, which hears by what `admit` returns. */
  #admitting: FlowRequest | undefined;
  #refusal: Rejected | undefined;
  /** Requests are being dispatched, and one of them may have made a difference meanwhile. */
  #isBusy = false;
  #isWoken = false;

  constructor({ config, policies, usageLimit, saturation, eviction, timers, listener = {}, failed = () => {} }: FlowControllerOptions) {
    this.#ttlMs = config.defaultRequestTtlMs;
    this.#usageLimit = usageLimit;
    this.#saturation = saturation;
    this.#timers = timers;
    this.#listener = listener;
    this.#failed = failed;
    this.#bands = new Bands(config, policies);
    this.#alarm = new Alarm(timers, () => this.wake());
    this.waiting = new WaitingRoom(config);
    this.limits = config;
    this.reclamation = eviction && new Reclamation(eviction);
  }

  /** Requests that were dispatched and have not ended. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Of these, the ones whose load is not counted at a server yet. */
  get coming(): number {
    return this.#coming;
  }

  get saturation(): StageSaturation {
    return this.#saturation.stages(this.#timers.now(), this.#coming);
  }

  /** The highest priority first. */
  get bands(): readonly Band[] {
    return this.#bands.all;
  }

  admit(request: InferenceRequest, _candidates: readonly Endpoint[], waiter: Waiter): Admission {
    const now = this.#timers.now();
    if (this.#isShutDown) return this.#refuse(request, 'RejectedOther');
    const isBehind = this.#look(now);
    const band = this.#bands.of(request.priority, now);
    if (band === undefined) return this.#refuse(request, this.#full);
    const item = new FlowRequest({ request, waiter, band, since: now, rank: band.ordering.rank(request, now, this.#ttlMs), serial: this.#serial++, office: this });
    this.waiting.add(item);
    if (this.#isBusy) this.#isWoken = true;
    else if (!isBehind) this.#dispatchAll(now, item);
    // Only those count that have to wait.
    const isTooMuch = item.state === 'waiting' && this.waiting.isTooMuch(item);
    if (isTooMuch) this.#leave(item);
    if (!this.#isBusy) this.#setAlarm(now);
    if (isTooMuch) return this.#refuse(request, this.#full);
    if (item.state === 'over') return this.#refusal ?? rejections.EvictedOther;
    return { kind: item.state, ticket: item };
  }

  wake(): void {
    if (this.waiting.size === 0) return;
    const now = this.#timers.now();
    const isBehind = this.#look(now);
    if (this.#isBusy) {
      this.#isWoken = true;
      return;
    }
    if (!isBehind) this.#dispatchAll(now, undefined);
    this.#setAlarm(now);
  }

  shutdown(): void {
    this.#isShutDown = true;
    for (let { first } = this.waiting; first !== undefined; { first } = this.waiting) this.#drop(first, 'EvictedOther', this.#timers.now());
    this.#alarm.set(Infinity, 0);
  }

  placed(item: FlowRequest): void {
    if (item.state !== 'dispatched' || item.isPlaced) return;
    item.isPlaced = true;
    this.#coming--;
    this.reclamation?.placed(item);
    this.wake();
  }

  ended(item: FlowRequest, usage: Usage | undefined): void {
    const now = this.#timers.now();
    if (item.state === 'waiting') {
      this.#leave(item);
      this.#note(item.request, 'EvictedContextCancelled', now - item.since);
      if (!this.#isBusy) this.#setAlarm(now);
    } else if (item.state === 'dispatched') {
      item.state = 'over';
      this.#inFlight--;
      if (!item.isPlaced) this.#coming--;
      const known = item.isPlaced ? usage : { promptTokens: 0, outputTokens: 0 };
      if (known !== undefined) item.band.fairness.settle?.(item.request, known, item.dispatchedAt);
      const tookMs = this.reclamation?.ended(item, now);
      if (tookMs !== undefined) this.#listener.evictionEnded?.(tookMs);
      this.wake();
    }
  }

  get #full(): 'RejectedCapacity' | 'RejectedNoEndpoints' {
    return this.waiting.isPoolEmpty ? 'RejectedNoEndpoints' : 'RejectedCapacity';
  }

  #refuse(request: InferenceRequest, outcome: Exclude<Outcome, 'Dispatched'>): Rejected {
    this.#note(request, outcome, 0);
    return rejections[outcome];
  }

  #note(request: InferenceRequest, outcome: Outcome, waitedMs: number): void {
    this.outcomes[outcome]++;
    this.#listener.outcome?.(request, outcome, waitedMs);
  }

  #leave(item: FlowRequest): void {
    item.state = 'over';
    this.waiting.remove(item);
  }

  #drop(item: FlowRequest, outcome: 'EvictedTTL' | 'EvictedNoEndpoints' | 'EvictedOther', now: number): void {
    this.#leave(item);
    this.#note(item.request, outcome, now - item.since);
    if (item === this.#admitting) this.#refusal = rejections[outcome];
    else this.#tell(item, () => item.waiter.rejected(rejections[outcome]));
  }

  /** What one waiter throws is no matter of the others. */
  #tell(item: FlowRequest, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#failed(error);
      item.end();
    }
  }

  /** Takes in what has changed around: whether there is a server at all, and who has waited long enough. Returns whether there are more of these. */
  #look(now: number): boolean {
    this.waiting.poolIs(this.#saturation.isEmpty, now);
    const outcome = this.waiting.isPoolEmpty ? 'EvictedNoEndpoints' : 'EvictedTTL';
    for (let told = 0; told < mostExpiredAtOnce; told++) {
      const { first, expiresAt } = this.waiting;
      if (first === undefined || expiresAt > now) return false;
      this.#drop(first, outcome, now);
    }
    return this.waiting.expiresAt <= now;
  }

  /** Dispatches all that may go now. `admitting` is the last of them: only when its server is picked, it is known how full the pool is. */
  #dispatchAll(now: number, admitting: FlowRequest | undefined): void {
    this.#isBusy = true;
    this.#admitting = admitting;
    try {
      for (let hasMore = true; hasMore && this.waiting.size > 0 && admitting?.state !== 'dispatched'; hasMore ||= this.#isWoken) {
        this.#isWoken = false;
        hasMore = this.#dispatchNext(now);
      }
    } finally {
      this.#isBusy = false;
      this.#admitting = undefined;
    }
  }

  #dispatchNext(now: number): boolean {
    const { all, priorities } = this.#bands;
    const saturation = this.#saturation.at(now, this.#coming);
    if (this.#ceilings.length < all.length) this.#ceilings = new Float64Array(2 * all.length);
    this.#retryMs = this.#usageLimit.limit(saturation, priorities, this.#ceilings, now);
    for (let i = 0; i < all.length; i++) {
      // Some ceilings are above 1, as which an empty pool counts.
      if (saturation >= (this.#ceilings[i] as number) || this.waiting.isPoolEmpty) {
        this.#reclaim(saturation, i, now);
        return false;
      }
      const item = (all[i] as Band).queue.next() as FlowRequest | undefined;
      if (item === undefined) continue;
      this.#dispatch(item, now);
      return true;
    }
    return false;
  }

  #dispatch(item: FlowRequest, now: number): void {
    item.state = 'dispatched';
    item.dispatchedAt = now;
    item.dispatchSerial = this.#dispatchSerial++;
    this.waiting.dispatch(item, now);
    this.#inFlight++;
    this.#coming++;
    this.#note(item.request, 'Dispatched', now - item.since);
    if (item !== this.#admitting) this.#tell(item, () => item.waiter.dispatched());
  }

  /** Has requests ended to make room for the first of the bands from `from` on that wants it. */
  #reclaim(saturation: number, from: number, now: number): void {
    const { reclamation } = this;
    // Without servers there is no room to be made, and that they are full has to be known of one at least.
    if (reclamation === undefined || this.waiting.isPoolEmpty || this.#saturation.isGuess(now)) return;
    for (let i = from; i < this.#bands.all.length; i++) {
      const { priority, size } = this.#bands.all[i] as Band;
      const ceiling = this.#ceilings[i] as number;
      // A ceiling of 0 means that they are not to go, whoever else ends.
      if (size === 0 || ceiling <= 0 || saturation < ceiling) continue;
      if (reclamation.waitMs(priority, now) === 0) {
        for (const victim of reclamation.choose({ saturation, ceiling, priority, inFlight: this.#inFlight }, now)) {
          this.#listener.evicting?.(priority);
          this.#tell(victim, () => victim.waiter.evicted(evicted));
        }
      }
      this.#retryMs = Math.min(this.#retryMs, reclamation.waitMs(priority, now));
      return;
    }
  }

  #setAlarm(now: number): void {
    const { size, expiresAt } = this.waiting;
    this.#alarm.set(size === 0 ? Infinity : Math.min(expiresAt, now + this.#retryMs), now);
  }
}
