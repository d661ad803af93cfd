import { Chain } from '../../../flow-control/chain.ts';
import { Flows, type Flow } from '../../../flow-control/flow.ts';
import type { FairQueue, Queued } from '../../../flow-control/policy.ts';
import { pluginType } from '../../plugin-type.ts';

export const roundRobinFairnessPolicy = pluginType({
  type: 'round-robin-fairness-policy',
  kinds: ['fairness-policy'],
  about: 'Flows of a priority take turns.',
  parameters: {},
  create: () => ({ fairQueue: () => new Turns() }),
});

/** Flows in the order of their turns. A flow that was served or is new comes last: of flows that always wait, none is ever more than one request ahead. */
class Turns implements FairQueue {
  readonly #flows = new Flows();
  readonly #turns = new Chain<Flow>();

  get size(): number {
    return this.#flows.requests;
  }

  add(item: Queued): void {
    const fresh = this.#flows.add(item);
    if (fresh !== undefined) this.#turns.add(fresh);
  }

  next(): Queued | undefined {
    return this.#turns.first?.requests.first;
  }

  dispatch(item: Queued): void {
    const flow = this.#flows.remove(item);
    this.#turns.remove(flow);
    if (flow.requests.size > 0) this.#turns.add(flow);
  }

  remove(item: Queued): void {
    const flow = this.#flows.remove(item);
    if (flow.requests.size === 0) this.#turns.remove(flow);
  }
}
