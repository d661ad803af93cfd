import type { FlowControlConfig } from '../config/endpoint-picker-config.ts';
import { Chain } from './chain.ts';
import type { FlowRequest } from './flow-request.ts';

/** The requests that wait, of all bands: how many may, and how long. */
export class WaitingRoom {
  readonly #config: Pick<FlowControlConfig, 'maxRequests' | 'maxBytes' | 'defaultRequestTtlMs' | 'noEndpointRequestTtlMs'>;
  /** As they have come. All may wait equally long, so this is the order in which they expire, too. */
  readonly #inOrder = new Chain<FlowRequest>();
  #size = 0;
  #bytes = 0;
  #isPoolEmpty = false;
  #poolChangedAt = -Infinity;

  constructor(config: Pick<FlowControlConfig, 'maxRequests' | 'maxBytes' | 'defaultRequestTtlMs' | 'noEndpointRequestTtlMs'>) {
    this.#config = config;
  }

  get size(): number {
    return this.#size;
  }

  /** Of bodies. */
  get bytes(): number {
    return this.#bytes;
  }

  get isPoolEmpty(): boolean {
    return this.#isPoolEmpty;
  }

  get first(): FlowRequest | undefined {
    return this.#inOrder.first;
  }

  /** When the first one has waited long enough; Infinity: never. */
  get expiresAt(): number {
    const ttl = this.#isPoolEmpty ? this.#config.noEndpointRequestTtlMs : this.#config.defaultRequestTtlMs;
    const first = this.#inOrder.first;
    return first === undefined || ttl === 0 ? Infinity : Math.max(first.since, this.#poolChangedAt) + ttl;
  }

  /** Whether there are more than may be, with all others or with those of its priority. */
  isTooMuch({ band }: FlowRequest): boolean {
    const { maxRequests, maxBytes } = this.#config;
    return band.isOverfull || (maxRequests > 0 && this.#size > maxRequests) || (maxBytes > 0 && this.#bytes > maxBytes);
  }

  /** Waiting for a first server is another matter than waiting for room: when the one turns into the other, time counts anew. */
  poolIs(isEmpty: boolean, now: number): void {
    if (isEmpty === this.#isPoolEmpty) return;
    this.#isPoolEmpty = isEmpty;
    this.#poolChangedAt = now;
  }

  add(item: FlowRequest): void {
    this.#size++;
    this.#bytes += item.request.bodyBytes;
    this.#inOrder.add(item);
    item.band.add(item);
  }

  /** It has its turn. */
  dispatch(item: FlowRequest, now: number): void {
    this.#left(item);
    item.band.dispatch(item, now);
  }

  /** It has had no turn. */
  remove(item: FlowRequest): void {
    this.#left(item);
    item.band.remove(item);
  }

  [Symbol.iterator](): IterableIterator<FlowRequest> {
    return this.#inOrder[Symbol.iterator]();
  }

  #left(item: FlowRequest): void {
    this.#size--;
    this.#bytes -= item.request.bodyBytes;
    this.#inOrder.remove(item);
  }
}
