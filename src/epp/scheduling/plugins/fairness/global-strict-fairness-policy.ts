import { IndexedHeap } from '../../../flow-control/indexed-heap.ts';
import { byTurn } from '../../../flow-control/flow.ts';
import type { FairQueue, Queued } from '../../../flow-control/policy.ts';
import { pluginType } from '../../plugin-type.ts';

/** What counts where a configuration does not say. */
export const globalStrictFairnessPolicy = pluginType({
  type: 'global-strict-fairness-policy',
  kinds: ['fairness-policy'],
  about: 'One order over all flows of a priority.',
  parameters: {},
  create: () => ({ fairQueue: () => new OneOrder() }),
});

/** Flows make no difference, so there are none. */
class OneOrder implements FairQueue {
  readonly #requests = new IndexedHeap<Queued>(byTurn);

  get size(): number {
    return this.#requests.size;
  }

  add(item: Queued): void {
    this.#requests.add(item);
  }

  next(): Queued | undefined {
    return this.#requests.first;
  }

  dispatch(item: Queued): void {
    this.#requests.remove(item);
  }

  remove(item: Queued): void {
    this.#requests.remove(item);
  }
}
