import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { FlowController, FlowListener } from '../flow-control/flow-controller.ts';
import type { InferenceRequest } from '../request/inference-request.ts';

/** What is looked at when somebody asks for metrics. */
export interface ObservedFlow {
  /** Of the pool, without its namespace. */
  readonly pool: string;
  readonly control: FlowController;
}

const ownLabels = ['fairness_id', 'priority', 'model_name', 'target_model_name'] as const;
const requestLabels = ['inference_pool', ...ownLabels] as const;

type RequestLabels = Readonly<Record<(typeof requestLabels)[number], string>>;

/** Different sets of labels; clients choose fairness ids and model names, and everything beyond is "other". */
const maxSeries = 1_000;

const other = 'other';

/** Seconds. */
const waitBuckets = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const evictionBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Counts what flow control does, under the upstream picker's names. One for a process; counters and histograms are told by the listeners of pools, gauges look themselves. */
export class FlowMetrics {
  readonly #waits: Histogram<(typeof requestLabels)[number] | 'outcome'>;
  readonly #total: Counter<'outcome' | 'priority' | 'inference_pool'>;
  readonly #evictions: Counter<'priority' | 'inference_pool'>;
  readonly #evictionTimes: Histogram<'inference_pool'>;
  readonly #known = new Map<string, RequestLabels>();

  constructor(registry: Registry, observed: () => readonly ObservedFlow[]) {
    const registers = [registry];
    const perPool = ['inference_pool'] as const;
    this.#waits = new Histogram({ name: 'llm_d_epp_flow_control_request_queue_duration_seconds', help: 'Time from the coming of a request to its dispatch, or its rejection.', labelNames: [...requestLabels, 'outcome'], buckets: waitBuckets, registers });
    this.#total = new Counter({ name: 'llm_d_epp_flow_control_requests_total', help: 'Requests by what has become of them.', labelNames: ['outcome', 'priority', 'inference_pool'], registers });
    this.#evictions = new Counter({ name: 'llm_d_epp_flow_control_revocations_issued_total', help: 'Requests that were to end to make room, by the priority of those that waited.', labelNames: ['priority', 'inference_pool'], registers });
    this.#evictionTimes = new Histogram({ name: 'llm_d_epp_flow_control_revocation_confirmation_seconds', help: 'Time until a request has ended that was to make room.', labelNames: perPool, buckets: evictionBuckets, registers });
    type Look = (flow: ObservedFlow, set: (labels: Readonly<Record<string, string>>, value: number) => void) => void;
    const gauge = (name: string, help: string, labelNames: readonly string[], look: Look) =>
      new Gauge({
        name: `llm_d_epp_flow_control_${name}`,
        help,
        labelNames: ['inference_pool', ...labelNames],
        registers,
        collect() {
          this.reset();
          for (const flow of observed()) look(flow, (labels, value) => this.set({ ...labels, inference_pool: flow.pool }, value));
        },
      });
    const ofWaiting = (of: (request: InferenceRequest) => number): Look => ({ pool, control }, set) => {
      const sums = new Map<RequestLabels, number>();
      for (const { request } of control.waiting) {
        const labels = this.#labels(pool, request);
        sums.set(labels, (sums.get(labels) ?? 0) + of(request));
      }
      for (const [labels, sum] of sums) set(labels, sum);
    };
    gauge('queue_size', 'Requests that wait.', ownLabels, ofWaiting(() => 1));
    gauge('queue_bytes', 'Bytes of the bodies of requests that wait.', ownLabels, ofWaiting(({ bodyBytes }) => bodyBytes));
    gauge('pool_saturation', 'How full the pool is, 1 being full: its stages, and what counts (effective).', ['stage'], ({ control: { saturation } }, set) => {
      for (const stage of ['prefill', 'decode', 'effective'] as const) if (saturation[stage] !== undefined) set({ stage }, saturation[stage]);
    });
    gauge('stale_endpoints', 'Servers that count as full because nothing was heard of them lately.', [], ({ control }, set) => set({}, control.saturation.stale));
    gauge('capacity_utilization_requests', 'Share of the requests of a priority that may wait.', ['priority'], ({ control }, set) => {
      for (const band of control.bands) set({ priority: String(band.priority) }, band.size / band.maxRequests);
    });
    gauge('capacity_utilization_bytes', 'The same for bytes of their bodies.', ['priority'], ({ control }, set) => {
      for (const band of control.bands) set({ priority: String(band.priority) }, band.bytes / band.maxBytes);
    });
    gauge('global_capacity_utilization_requests', 'Share of the requests of all priorities that may wait, where there is a limit.', [], ({ control: { limits, waiting } }, set) => {
      if (limits.maxRequests > 0) set({}, waiting.size / limits.maxRequests);
    });
    gauge('global_capacity_utilization_bytes', 'The same for bytes of their bodies.', [], ({ control: { limits, waiting } }, set) => {
      if (limits.maxBytes > 0) set({}, waiting.bytes / limits.maxBytes);
    });
    gauge('reclaim_target', 'By how much the pool was too full when requests were to end last.', [], ({ control: { reclamation } }, set) => reclamation && set({}, reclamation.target));
    gauge('pending_reclaim', 'How much is being freed by requests that are to end.', [], ({ control: { reclamation } }, set) => reclamation && set({}, reclamation.pending));
    new Counter({
      name: 'llm_d_epp_flow_control_revocations_total',
      help: 'Requests that have ended to make room, or were waited for in vain.',
      labelNames: ['outcome', 'inference_pool'],
      registers,
      collect() {
        this.reset();
        for (const { pool, control } of observed()) {
          if (control.reclamation === undefined) continue;
          this.inc({ outcome: 'confirmed', inference_pool: pool }, control.reclamation.confirmed);
          this.inc({ outcome: 'timed_out', inference_pool: pool }, control.reclamation.timedOut);
        }
      },
    });
  }

  /** For the flow control of a pool. */
  listener(pool: string): Required<FlowListener> {
    return {
      outcome: (request, outcome, waitedMs) => {
        const labels = this.#labels(pool, request);
        this.#waits.observe({ ...labels, outcome }, waitedMs / 1000);
        this.#total.inc({ outcome, priority: labels.priority, inference_pool: pool });
      },
      evicting: (priority) => this.#evictions.inc({ priority: String(priority), inference_pool: pool }),
      evictionEnded: (tookMs) => this.#evictionTimes.observe({ inference_pool: pool }, tookMs / 1000),
    };
  }

  /** Labels of requests like this one; the same object for the same labels. */
  #labels(pool: string, { fairnessId, priority, model, targetModel }: InferenceRequest): RequestLabels {
    const key = `${pool}\n${fairnessId}\n${priority}\n${model}\n${targetModel}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const isFull = this.#known.size >= maxSeries;
    const otherKey = `${pool}\n${other}`;
    const labels = this.#known.get(isFull ? otherKey : key) ?? {
      inference_pool: pool,
      priority: isFull ? other : String(priority),
      fairness_id: isFull ? other : fairnessId,
      model_name: isFull ? other : model,
      target_model_name: isFull ? other : targetModel,
    };
    this.#known.set(isFull ? otherKey : key, labels);
    return labels;
  }
}
