/** A pool whose servers take a number of requests each, a clock that is moved, and somebody who sends requests, for tests. */
import type { FlowControlConfig, PriorityBandTemplate } from '../config/endpoint-picker-config.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import type { InferenceRequest } from '../request/inference-request.ts';
import type { Plugin, SaturationDetector } from '../scheduling/plugin.ts';
import { concurrencyDetector } from '../scheduling/plugins/detectors/concurrency-detector.ts';
import { globalStrictFairnessPolicy } from '../scheduling/plugins/fairness/global-strict-fairness-policy.ts';
import { programAwareFairness } from '../scheduling/plugins/fairness/program-aware-fairness.ts';
import { roundRobinFairnessPolicy } from '../scheduling/plugins/fairness/round-robin-fairness-policy.ts';
import { edfOrderingPolicy } from '../scheduling/plugins/ordering/edf-ordering-policy.ts';
import { fcfsOrderingPolicy } from '../scheduling/plugins/ordering/fcfs-ordering-policy.ts';
import { sloDeadlineOrderingPolicy } from '../scheduling/plugins/ordering/slo-deadline-ordering-policy.ts';
import { made } from '../scheduling/plugins/testing.ts';
import { staticUsageLimitPolicy } from '../scheduling/plugins/usage-limits/static-usage-limit-policy.ts';
import { testEndpoint, testRequest } from '../testing.ts';
import type { Admission, Ticket, Usage } from './admission.ts';
import { FlowController, type FlowControllerOptions } from './flow-controller.ts';
import type { FairnessPolicy, OrderingPolicy, UsageLimitPolicy } from './policy.ts';
import { PoolSaturation } from './pool-saturation.ts';
import type { Timers } from './timers.ts';

/** Time goes on when it is told to, and calls come exactly when they are due. */
export class TestTimers implements Timers {
  #now = 0;
  #next = 0;
  readonly #calls = new Map<number, { readonly at: number; readonly call: () => void }>();

  now(): number {
    return this.#now;
  }

  get pending(): number {
    return this.#calls.size;
  }

  after(ms: number, call: () => void): () => void {
    const id = this.#next++;
    this.#calls.set(id, { at: this.#now + ms, call });
    return () => this.#calls.delete(id);
  }

  advance(ms: number): void {
    const until = this.#now + ms;
    for (let rung = 0; rung < 1_000_000; rung++) {
      const [due] = [...this.#calls].filter(([, { at }]) => at <= until).sort(([, a], [, b]) => a.at - b.at);
      if (due === undefined) break;
      const [id, { at, call }] = due;
      this.#calls.delete(id);
      this.#now = Math.max(this.#now, at);
      call();
    }
    this.#now = until;
  }
}

const fairness = { strict: globalStrictFairnessPolicy, 'round-robin': roundRobinFairnessPolicy, 'program-aware': programAwareFairness };
const ordering = { fcfs: fcfsOrderingPolicy, edf: edfOrderingPolicy, slo: sloDeadlineOrderingPolicy };

export interface TestPoolOptions extends Partial<Omit<FlowControlConfig, 'bands' | 'defaultBand'>>, Partial<Pick<FlowControllerOptions, 'eviction' | 'listener' | 'failed'>> {
  readonly servers?: number;
  /** Requests that one of them takes. */
  readonly each?: number;
  readonly fairness?: keyof typeof fairness;
  readonly ordering?: keyof typeof ordering;
  readonly band?: Partial<PriorityBandTemplate>;
  /** Priorities that are configured. */
  readonly priorities?: readonly number[];
  readonly usageLimit?: Plugin;
}

/** Where requests are when they are placed, and what has become of them, with the time: `5 a dispatched`. */
export class TestPool {
  readonly timers = new TestTimers();
  readonly detector: SaturationDetector;
  readonly control: FlowController;
  readonly events: string[] = [];
  readonly tickets = new Map<string, Ticket>();
  readonly #servers: readonly Endpoint[] = Array.from({ length: 100 }, (_, slot) => testEndpoint(slot));
  readonly #placed = new Map<string, Endpoint | undefined>();
  /** What is done with a request whose turn it is, after its event. */
  onTurn = (id: string): void => this.place(id);
  /** The same for one that is to make room. */
  onEvicted = (_id: string): void => {};
  #endpoints: readonly Endpoint[];

  constructor({ servers = 1, each = 1, fairness: fair = 'strict', ordering: order = 'fcfs', band = {}, priorities = [], usageLimit = made(staticUsageLimitPolicy), ...options }: TestPoolOptions = {}) {
    this.#endpoints = this.#servers.slice(0, servers);
    this.detector = made<SaturationDetector>(concurrencyDetector, { maxConcurrency: each });
    const template = { maxBytes: 1e9, maxRequests: 5000, fairnessPolicy: fair, orderingPolicy: order, ...band };
    const policies = { fairness: made<FairnessPolicy>(fairness[fair]), ordering: made<OrderingPolicy>(ordering[order]) };
    this.control = new FlowController({
      config: {
        maxBytes: 0, maxRequests: 0, defaultRequestTtlMs: 60_000, noEndpointRequestTtlMs: 60_000, defaultBand: template, defaultNegativeBand: template, usageLimitPolicy: '', enableEviction: false,
        bands: priorities.map((priority) => ({ priority, ...template })),
        ...options,
      },
      policies: () => policies,
      usageLimit: usageLimit as UsageLimitPolicy,
      saturation: new PoolSaturation(this.detector, () => this.#endpoints),
      timers: this.timers,
      ...options,
    });
  }

  get endpoints(): readonly Endpoint[] {
    return this.#endpoints;
  }

  /** So many servers are there from now on. */
  scale(servers: number): void {
    this.#endpoints = this.#servers.slice(0, servers);
    this.control.wake();
  }

  send(id: string, request: Partial<InferenceRequest> & { readonly ttftMs?: number } = {}): Admission {
    const { ttftMs, ...fields } = request;
    const headers = new Map(ttftMs === undefined ? [] : [['x-llm-d-slo-ttft-ms', String(ttftMs)]]);
    const admission = this.control.admit({ ...testRequest(), headers, ...fields, id }, this.#endpoints, {
      dispatched: () => this.#turn(id),
      rejected: ({ status, reason }) => this.#note(id, `${reason} ${status}`),
      evicted: ({ status, reason }) => {
        this.#note(id, `${reason} ${status}`);
        this.onEvicted(id);
      },
    });
    if (admission.kind === 'rejected') this.#note(id, `${admission.reason} ${admission.status}`);
    else this.tickets.set(id, admission.ticket);
    if (admission.kind === 'dispatched') this.#turn(id);
    return admission;
  }

  place(id: string): void {
    if (this.#placed.has(id)) return;
    const server = this.#endpoints.toSorted((a, b) => a.inFlight - b.inFlight)[0];
    if (server !== undefined) server.inFlight++;
    this.#placed.set(id, server);
    this.tickets.get(id)?.placed();
  }

  end(id: string, usage?: Usage): void {
    const server = this.#placed.get(id);
    if (server !== undefined) server.inFlight--;
    this.#placed.delete(id);
    this.tickets.get(id)?.end(usage);
  }

  /** What has happened since it was asked last. */
  heard(): string[] {
    return this.events.splice(0);
  }

  #turn(id: string): void {
    this.#note(id, 'dispatched');
    this.onTurn(id);
  }

  #note(id: string, what: string): void {
    this.events.push(`${this.timers.now()} ${id} ${what}`);
  }
}
