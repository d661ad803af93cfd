import { byText } from '../../util/compare.ts';
import { equal } from '../../util/equal.ts';
import { Endpoint } from './endpoint.ts';
import type { EndpointDescription } from './model-server.ts';

/** Who keeps something for each endpoint. */
export interface EndpointListener {
  onAdded?(endpoint: Endpoint): void;
  /** The slot may be given to another endpoint as soon as all listeners were told. */
  onRemoved?(endpoint: Endpoint): void;
}

/**
 * The endpoints of one pool. An endpoint stays the same object for as long as a server of its name is at its address, whatever else changes: what
 * is counted there is not lost. Slots are the smallest that are free.
 */
export class PoolEndpoints {
  readonly #listeners = new Set<EndpointListener>();
  #byAddress: ReadonlyMap<string, Endpoint> = new Map();
  #all: readonly Endpoint[] = [];
  #capacity = 0;
  /** Slots that were given back, the smallest last. */
  readonly #free: number[] = [];

  /** All endpoints, by name: the same list until one comes or goes. */
  get all(): readonly Endpoint[] {
    return this.#all;
  }

  /** One more than the largest slot so far: the length of arrays by slot. */
  get capacity(): number {
    return this.#capacity;
  }

  /** The endpoint at `ip:port`, an IPv6 address in brackets. */
  at(address: string): Endpoint | undefined {
    return this.#byAddress.get(address);
  }

  /** Tells a listener of endpoints from now on. Returns the way to stop. */
  listen(listener: EndpointListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes in what the pool consists of now, no two at one address. Endpoints that are gone are told first, so that their slots can be used again. */
  apply(descriptions: readonly EndpointDescription[]): void {
    const former = this.#byAddress;
    const next = new Map<string, Endpoint>();
    const fresh: EndpointDescription[] = [];
    for (const description of descriptions) {
      const address = addressOf(description);
      const known = former.get(address);
      if (known === undefined || known.name !== description.name) {
        fresh.push(description);
        continue;
      }
      if (!equal(known.labels, description.labels)) known.labels = description.labels;
      next.set(address, known);
    }
    const gone = this.#all.filter(({ address }) => !next.has(address));
    if (fresh.length === 0 && gone.length === 0) return;
    for (const endpoint of gone) {
      endpoint.isGone = true;
      this.#free.push(endpoint.slot);
    }
    this.#free.sort((a, b) => b - a);
    const kept = [...next.values()];
    this.#replace(kept, next);
    for (const endpoint of gone) for (const listener of this.#listeners) listener.onRemoved?.(endpoint);
    const added = fresh.map((description) => new Endpoint({ slot: this.#free.pop() ?? this.#capacity++, ...description }));
    for (const endpoint of added) next.set(endpoint.address, endpoint);
    this.#replace([...kept, ...added].sort((a, b) => byText(a.name, b.name)), next);
    for (const endpoint of added) for (const listener of this.#listeners) listener.onAdded?.(endpoint);
  }

  #replace(all: readonly Endpoint[], byAddress: ReadonlyMap<string, Endpoint>): void {
    this.#all = all;
    this.#byAddress = byAddress;
  }
}

function addressOf({ ip, port }: EndpointDescription): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}
