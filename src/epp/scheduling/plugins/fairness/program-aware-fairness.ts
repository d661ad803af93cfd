import { choice, number } from '../../../config/fields.ts';
import { Flows, type Flow } from '../../../flow-control/flow.ts';
import type { FairQueue, Queued } from '../../../flow-control/policy.ts';
import { pluginType } from '../../plugin-type.ts';
import { AttainedService, type Service } from './attained-service.ts';

export const programAwareFairness = pluginType({
  type: 'program-aware-fairness',
  kinds: ['fairness-policy'],
  about: 'Of the flows of a priority, the one that was served least lately goes first: tokens of prompts count once, those of answers twice. Prompts count from the dispatch on, answers as they are estimated until it is known what they were.',
  parameters: {
    strategy: choice(['las'], { default: 'las', about: 'least attained service' }),
    lasWeightService: number({ default: 0.8, min: 0, about: 'how much service counts' }),
    lasWeightHeadWait: number({ default: 0.2, min: 0, about: 'how much the wait of the first request counts' }),
    lasHalfLifeSeconds: number({ default: 60, above: 0, about: 'time in which service is half forgotten' }),
    evictionTtlSeconds: number({ default: 3600, above: 0, about: 'silence after which a flow is forgotten' }),
    evictionSweepSeconds: number({ default: 300, above: 0, about: 'accepted; flows are forgotten as others come' }),
  },
  create: ({ lasWeightService, lasWeightHeadWait, lasHalfLifeSeconds, evictionTtlSeconds }) => {
    const service = new AttainedService({ halfLifeMs: lasHalfLifeSeconds * 1000, forgetAfterMs: evictionTtlSeconds * 1000 });
    return {
      fairQueue: () => new LeastServed(service, lasWeightService, lasWeightHeadWait),
      settle: (request, usage, dispatchedAt) => service.settle(request, usage, dispatchedAt),
    };
  },
});

/**
 * Looks at each flow that waits, not at their requests, to find the next one: some 5 ns each. With the figures of all flows stretched to 0 to 1,
 *
 *     score = weightService × (1 − service) + weightHeadWait × wait of the first request
 *
 * As all services decay alike and all waits grow alike, no score changes by time alone.
 */
class LeastServed implements FairQueue {
  readonly #flows = new Flows();
  readonly #waiting: Flow[] = [];
  /** Of `waiting`, in the same order. */
  readonly #services: Service[] = [];
  #slots = new Int32Array(64);
  /** Since when their first requests wait. */
  #since = new Float64Array(64);
  readonly #service: AttainedService;
  readonly #weightService: number;
  readonly #weightHeadWait: number;

  constructor(service: AttainedService, weightService: number, weightHeadWait: number) {
    this.#service = service;
    this.#weightService = weightService;
    this.#weightHeadWait = weightHeadWait;
  }

  get size(): number {
    return this.#flows.requests;
  }

  add(item: Queued): void {
    const fresh = this.#flows.add(item);
    if (fresh !== undefined) this.#put(fresh, this.#service.hold(fresh.id), this.#waiting.length);
    else this.#noteHead(this.#flows.of(item));
  }

  next(): Queued | undefined {
    const { amounts } = this.#service;
    const [slots, sinces, count] = [this.#slots, this.#since, this.#waiting.length];
    let [least, most, earliest, latest] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let i = 0; i < count; i++) {
      const amount = amounts[slots[i] as number] as number;
      const since = sinces[i] as number;
      if (amount < least) least = amount;
      if (amount > most) most = amount;
      if (since < earliest) earliest = since;
      if (since > latest) latest = since;
    }
    const perToken = most > least ? this.#weightService / (most - least) : 0;
    const perMs = latest > earliest ? this.#weightHeadWait / (latest - earliest) : 0;
    let best = 0;
    let bestCost = Infinity;
    for (let i = 0; i < count; i++) {
      // What the score is short of the highest one possible.
      const cost = ((amounts[slots[i] as number] as number) - least) * perToken + ((sinces[i] as number) - earliest) * perMs;
      if (cost > bestCost || (cost === bestCost && this.#serial(i) > this.#serial(best))) continue;
      best = i;
      bestCost = cost;
    }
    return this.#waiting[best]?.requests.first;
  }

  dispatch(item: Queued, now: number): void {
    this.remove(item);
    this.#service.charge(item.request, now);
  }

  remove(item: Queued): void {
    const flow = this.#flows.remove(item);
    if (flow.requests.size > 0) return this.#noteHead(flow);
    this.#service.release(this.#services[flow.index] as Service);
    const [last, service] = [this.#waiting.pop() as Flow, this.#services.pop() as Service];
    if (last !== flow) this.#put(last, service, flow.index);
  }

  #serial(i: number): number {
    return this.#waiting[i]?.requests.first?.serial ?? Infinity;
  }

  #put(flow: Flow, service: Service, at: number): void {
    if (at >= this.#slots.length) this.#grow();
    flow.index = at;
    this.#waiting[at] = flow;
    this.#services[at] = service;
    this.#slots[at] = service.slot;
    this.#noteHead(flow);
  }

  #noteHead(flow: Flow | undefined): void {
    if (flow !== undefined) this.#since[flow.index] = flow.requests.first?.since ?? 0;
  }

  #grow(): void {
    const [slots, since] = [new Int32Array(2 * this.#slots.length), new Float64Array(2 * this.#since.length)];
    slots.set(this.#slots);
    since.set(this.#since);
    this.#slots = slots;
    this.#since = since;
  }
}
