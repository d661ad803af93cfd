import type { Link } from './chain.ts';
import { IndexedHeap } from './indexed-heap.ts';
import type { Queued } from './policy.ts';

/** By rank, then as they came. */
export function byTurn(a: Queued, b: Queued): number {
  // Two ranks of Infinity have no difference.
  return a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : a.serial - b.serial;
}

/** Requests of one priority that wait and share a fairness id. There is none without a request. */
export class Flow implements Link<Flow> {
  readonly id: string;
  readonly requests = new IndexedHeap<Queued>(byTurn);
  before: Flow | undefined;
  after: Flow | undefined;
  /** Place among all flows, for who lists them. */
  index = 0;

  constructor(id: string) {
    this.id = id;
  }
}

/** The flows of one priority, by fairness id. */
export class Flows {
  readonly #byId = new Map<string, Flow>();
  #requests = 0;

  /** Requests of all flows. */
  get requests(): number {
    return this.#requests;
  }

  of({ request }: Queued): Flow | undefined {
    return this.#byId.get(request.fairnessId);
  }

  /** Adds a request. Returns its flow if that is new. */
  add(item: Queued): Flow | undefined {
    this.#requests++;
    const known = this.of(item);
    if (known !== undefined) {
      known.requests.add(item);
      return undefined;
    }
    const flow = new Flow(item.request.fairnessId);
    this.#byId.set(flow.id, flow);
    flow.requests.add(item);
    return flow;
  }

  /** Takes out a request. Returns its flow, which is forgotten when that was its last. */
  remove(item: Queued): Flow {
    const flow = this.of(item);
    if (flow === undefined || !flow.requests.has(item)) throw new Error('a request was taken from a queue that it is not in');
    flow.requests.remove(item);
    this.#requests--;
    if (flow.requests.size === 0) this.#byId.delete(flow.id);
    return flow;
  }
}
