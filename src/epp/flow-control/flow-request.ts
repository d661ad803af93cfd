import type { InferenceRequest } from '../request/inference-request.ts';
import type { Ticket, Usage, Waiter } from './admission.ts';
import type { Band } from './band.ts';
import type { Link } from './chain.ts';
import type { Dispatched, Queued } from './policy.ts';

/** Who a request tells of what becomes of it. */
export interface TicketOffice {
  placed(request: FlowRequest): void;
  ended(request: FlowRequest, usage: Usage | undefined): void;
}

/**
 * A request from its admission to its end. All have the same fields, whatever their state.
 *
 *     waiting ─► dispatched ─► over
 *        └─────────────────────►┘
 */
export class FlowRequest implements Ticket, Queued, Dispatched, Link<FlowRequest> {
  readonly request: InferenceRequest;
  readonly waiter: Waiter;
  readonly band: Band;
  readonly since: number;
  readonly rank: number;
  readonly serial: number;
  readonly #office: TicketOffice;
  state: 'waiting' | 'dispatched' | 'over' = 'waiting';
  /** Neighbours among all requests that wait. */
  before: FlowRequest | undefined;
  after: FlowRequest | undefined;
  /** Of its queue while it waits, and of those that can be evicted later. */
  heapIndex = -1;
  dispatchSerial = 0;
  dispatchedAt = 0;
  isPlaced = false;
  /** What it is thought to free, in units of saturation, since it is asked to end; 0: it is not. */
  reclaimed = 0;
  evictedAt = 0;

  constructor({ request, waiter, band, since, rank, serial, office }: Pick<FlowRequest, 'request' | 'waiter' | 'band' | 'since' | 'rank' | 'serial'> & { readonly office: TicketOffice }) {
    this.request = request;
    this.waiter = waiter;
    this.band = band;
    this.since = since;
    this.rank = rank;
    this.serial = serial;
    this.#office = office;
  }

  placed(): void {
    this.#office.placed(this);
  }

  end(usage?: Usage): void {
    this.#office.ended(this, usage);
  }
}
