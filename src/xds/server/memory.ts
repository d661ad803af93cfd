import type { ResourceId } from './refusal.ts';
import type { ResourceStore, XdsResource } from './resources.ts';
import { recordOf, type XdsType } from './types.ts';

/** Nodes of a proxy whose doubts are kept. Doubts last for a round trip, so it takes this many simultaneous losses to forget one. */
const MAX_NODES = 256;

/**
 * What outlives a stream: the last content of each resource that an Envoy of the proxy accepted, and which resources are
 * refused. So a reconnect does not widen the circle of suspects, and a refusal ends even if it is another stream that
 * accepts the cure.
 */
export class ProxyMemory {
  readonly #proxy: string;
  readonly #accepted = new Map<string, XdsResource>();
  readonly #refused = new Map<string, ResourceId>();
  readonly #doubts = new Map<string, Record<XdsType, Set<string>>>();
  readonly #recovered: (id: ResourceId) => void;
  readonly #unsubscribe: () => void;

  constructor(store: ResourceStore, proxy: string, recovered: (id: ResourceId) => void) {
    this.#proxy = proxy;
    this.#recovered = recovered;
    this.#unsubscribe = store.subscribe(proxy, (changes) => {
      for (const [type, names] of changes) {
        for (const name of names) if (store.get(proxy, type, name) === undefined) this.#forget(type, name);
      }
    });
  }

  /** The content behind a version that a client brings, if it is the one last accepted. */
  recall(type: XdsType, name: string, version: string): XdsResource | undefined {
    const accepted = this.#accepted.get(`${type}/${name}`);
    return accepted?.version === version ? accepted : undefined;
  }

  /** The content that an Envoy of the proxy accepted last. */
  lastAccepted(type: XdsType, name: string): XdsResource | undefined {
    return this.#accepted.get(`${type}/${name}`);
  }

  /**
   * Names of which a node may have another content than it says: Envoy applies the good part of a response that it
   * refuses, but goes on naming the versions of before. The sets belong to the node's stream.
   */
  doubtsOf(nodeId: string): Readonly<Record<XdsType, Set<string>>> {
    const doubts = this.#doubts.get(nodeId) ?? recordOf(() => new Set<string>());
    this.#doubts.delete(nodeId);
    this.#doubts.set(nodeId, doubts);
    const [oldest] = this.#doubts.keys();
    if (this.#doubts.size > MAX_NODES && oldest !== undefined) this.#doubts.delete(oldest);
    return doubts;
  }

  accept(type: XdsType, resource: XdsResource): void {
    this.#accepted.set(`${type}/${resource.name}`, resource);
  }

  refuse(type: XdsType, name: string): void {
    this.#refused.set(`${type}/${name}`, { proxy: this.#proxy, type, name });
  }

  /** The client has what it should have: reports it if the resource was refused before. */
  settle(type: XdsType, name: string): void {
    if (this.#refused.size === 0) return;
    const id = this.#refused.get(`${type}/${name}`);
    if (id === undefined) return;
    this.#refused.delete(`${type}/${name}`);
    this.#recovered(id);
  }

  #forget(type: XdsType, name: string): void {
    this.#accepted.delete(`${type}/${name}`);
    this.settle(type, name);
  }

  /** The proxy is gone: nothing of it is refused any more. */
  close(): void {
    this.#unsubscribe();
    const open = [...this.#refused.values()];
    this.#refused.clear();
    for (const id of open) this.#recovered(id);
  }
}
