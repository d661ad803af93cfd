/** Kinds that people and deployment tools wait for; there are few of them, and many routes. */
const FIRST: ReadonlySet<string> = new Set(['GatewayClass', 'Gateway', 'ListenerSet', 'XListenerSet']);

/** Objects whose turn to be written has come: Gateways and their like first, the rest in the order of their coming. */
export class Queue<T extends { readonly kind: string }> {
  readonly #first = new Set<T>();
  readonly #rest = new Set<T>();

  get size(): number {
    return this.#first.size + this.#rest.size;
  }

  add(item: T): void {
    (FIRST.has(item.kind) ? this.#first : this.#rest).add(item);
  }

  delete(item: T): void {
    this.#first.delete(item);
    this.#rest.delete(item);
  }

  clear(): void {
    this.#first.clear();
    this.#rest.clear();
  }

  take(): T | undefined {
    for (const item of this.#first) {
      this.#first.delete(item);
      return item;
    }
    for (const item of this.#rest) {
      this.#rest.delete(item);
      return item;
    }
    return undefined;
  }
}
