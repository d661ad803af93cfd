import type { Usage } from '../../../flow-control/admission.ts';
import { Chain, type Link } from '../../../flow-control/chain.ts';
import type { InferenceRequest } from '../../../request/inference-request.ts';

interface Options {
  /** Milliseconds in which service is half forgotten. */
  readonly halfLifeMs: number;
  /** Milliseconds of silence after which a flow is forgotten. */
  readonly forgetAfterMs: number;
}

/** Flows that are remembered, but for those that wait; clients choose their names. The one that was silent for longest is forgotten first. */
export const maxRemembered = 100_000;

const perOutputToken = 2;

/** Tokens of an answer for each of its prompt, where nobody knows; as `inflight-load-producer` takes it. */
const outputRatio = 1.5;

/** From so many half-lives on figures are scaled anew, long before they are too large for a number. */
const rescaleAfter = 256;

/** Of one flow. */
export interface Service extends Link<Service> {
  readonly flow: string;
  /** Place in `amounts`, of this flow alone while it is remembered. */
  readonly slot: number;
  /** Queues that the flow waits in. As long as there is one it is not forgotten. */
  holders: number;
  /** When it was heard of last, in milliseconds on the monotonic clock. */
  heardAt: number;
}

/** What flows were given lately, in tokens, of which half is forgotten after a half-life. A charge costs O(1): what was charged before stays as it is. */
export class AttainedService {
  readonly #halfLifeMs: number;
  readonly #forgetAfterMs: number;
  readonly #byFlow = new Map<string, Service>();
  /** Flows that do not wait, the one that was silent for longest first. */
  readonly #silent = new Chain<Service>();
  readonly #freeSlots: number[] = [];
  #slots = 0;
  /** When amounts were scaled. */
  #epoch = 0;
  #now = 0;
  /** By slot, in proportion to each other: what they are now, times 2^(half-lives since they were scaled). Another array after `hold`. */
  amounts = new Float64Array(64);

  constructor({ halfLifeMs, forgetAfterMs }: Options) {
    this.#halfLifeMs = halfLifeMs;
    this.#forgetAfterMs = forgetAfterMs;
  }

  /** Flows that are remembered. */
  get size(): number {
    return this.#byFlow.size;
  }

  /** As in `amounts`. */
  of(flow: string): number {
    const service = this.#byFlow.get(flow);
    return service === undefined ? 0 : (this.amounts[service.slot] as number);
  }

  /** The flow waits in one more queue. */
  hold(flow: string): Service {
    const service = this.#know(flow);
    if (service.holders++ === 0) this.#silent.remove(service);
    return service;
  }

  release(service: Service): void {
    if (--service.holders > 0) return;
    this.#fallSilent(service);
    this.#forget();
  }

  /** A request is dispatched. */
  charge(request: InferenceRequest, now: number): void {
    this.#now = now;
    if (this.#halfLives(now) >= rescaleAfter) this.#rescale();
    const service = this.#know(request.fairnessId);
    this.#add(service, estimate(request) * 2 ** this.#halfLives(now));
    if (service.holders === 0) {
      this.#silent.remove(service);
      this.#fallSilent(service);
    }
    this.#forget();
  }

  /** A request that was charged at `chargedAt` has come to this: as if that had been known then. */
  settle(request: InferenceRequest, { promptTokens, outputTokens }: Usage, chargedAt: number): void {
    const service = this.#byFlow.get(request.fairnessId);
    if (service !== undefined) this.#add(service, (promptTokens + perOutputToken * outputTokens - estimate(request)) * 2 ** this.#halfLives(chargedAt));
  }

  #add({ slot }: Service, amount: number): void {
    this.amounts[slot] = Math.max(0, (this.amounts[slot] as number) + amount);
  }

  #fallSilent(service: Service): void {
    service.heardAt = this.#now;
    this.#silent.add(service);
  }

  #halfLives(now: number): number {
    return (now - this.#epoch) / this.#halfLifeMs;
  }

  #rescale(): void {
    const factor = 2 ** -this.#halfLives(this.#now);
    for (let slot = 0; slot < this.#slots; slot++) this.amounts[slot] = (this.amounts[slot] as number) * factor;
    this.#epoch = this.#now;
  }

  #know(flow: string): Service {
    const known = this.#byFlow.get(flow);
    if (known !== undefined) return known;
    const fresh: Service = { flow, slot: this.#freeSlots.pop() ?? this.#slots++, holders: 0, heardAt: this.#now, before: undefined, after: undefined };
    if (fresh.slot >= this.amounts.length) {
      const larger = new Float64Array(2 * this.amounts.length);
      larger.set(this.amounts);
      this.amounts = larger;
    }
    this.amounts[fresh.slot] = 0;
    this.#byFlow.set(flow, fresh);
    this.#silent.add(fresh);
    return fresh;
  }

  #forget(): void {
    for (let { first } = this.#silent; first !== undefined; { first } = this.#silent) {
      if (this.#now - first.heardAt < this.#forgetAfterMs && this.#byFlow.size <= maxRemembered) break;
      this.#silent.remove(first);
      this.#byFlow.delete(first.flow);
      this.#freeSlots.push(first.slot);
    }
  }
}

/** At least one token, so that requests of which nothing is known count, too. */
function estimate({ promptTokens, maxOutputTokens }: InferenceRequest): number {
  const output = Math.min(promptTokens * outputRatio, maxOutputTokens > 0 ? maxOutputTokens : Infinity);
  return Math.max(1, promptTokens + perOutputToken * output);
}
