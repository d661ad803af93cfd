import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { InferenceRequest } from '../request/inference-request.ts';

/** What metrics of requests are told apart by. */
const labelNames = ['model_name', 'target_model_name', 'fairness_id', 'priority'] as const;

/** Different sets of labels; clients choose model names, and everything beyond is "other". */
const maxSeries = 1_000;

const other = 'other';

/** Seconds: from a short completion to an hour of reasoning. */
const durationBuckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600];
const sizeBuckets = [64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072, 262_144, 524_288, 1_048_576, 2_097_152, 4_194_304, 16_777_216, 67_108_864];
const tokenBuckets = [1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072, 262_144, 524_288, 1_048_576];

/** The metrics of requests with one set of labels, found once and kept by who counts. */
export interface RequestSeries {
  /** A server was picked. */
  started(request: Pick<InferenceRequest, 'bodyBytes' | 'promptTokens'>): void;
  /** The request is over, so many seconds after it came. */
  ended(seconds: number): void;
}

/** Counts requests under the upstream picker's names. */
export class RequestMetrics {
  readonly #series = new Map<string, RequestSeries>();
  readonly #total: Counter<(typeof labelNames)[number]>;
  readonly #errors: Counter<(typeof labelNames)[number] | 'error_code'>;
  readonly #duration: Histogram<(typeof labelNames)[number]>;
  readonly #size: Histogram<(typeof labelNames)[number]>;
  readonly #tokens: Histogram<(typeof labelNames)[number]>;
  readonly #running: Gauge<(typeof labelNames)[number]>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#total = new Counter({ name: 'llm_d_epp_request_total', help: 'Requests that a server was picked for.', labelNames, registers });
    this.#errors = new Counter({ name: 'llm_d_epp_request_error_total', help: 'Requests that the picker refused.', labelNames: [...labelNames, 'error_code'], registers });
    this.#duration = new Histogram({ name: 'llm_d_epp_request_duration_seconds', help: 'Time from the request to the end of its answer.', labelNames, buckets: durationBuckets, registers });
    this.#size = new Histogram({ name: 'llm_d_epp_request_size_bytes', help: 'Size of request bodies.', labelNames, buckets: sizeBuckets, registers });
    this.#tokens = new Histogram({ name: 'llm_d_epp_request_input_tokens', help: 'Tokens of prompts, estimated.', labelNames, buckets: tokenBuckets, registers });
    this.#running = new Gauge({ name: 'llm_d_epp_request_running', help: 'Requests under way at model servers.', labelNames, registers });
  }

  /** The series of requests like this one. */
  of(request: Pick<InferenceRequest, 'model' | 'targetModel' | 'fairnessId' | 'priority'>): RequestSeries {
    const key = `${request.model}\n${request.targetModel}\n${request.fairnessId}\n${request.priority}`;
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const isFull = this.#series.size >= maxSeries;
    if (isFull && key !== otherKey) return this.of(others);
    const series = this.#make({ model_name: request.model, target_model_name: request.targetModel, fairness_id: request.fairnessId, priority: String(request.priority) });
    this.#series.set(key, series);
    return series;
  }

  /** A request was refused, before or after its model was known. */
  refused(request: Pick<InferenceRequest, 'model' | 'targetModel' | 'fairnessId' | 'priority'> | undefined, errorCode: string): void {
    const { model, targetModel, fairnessId, priority } = request === undefined || this.#series.size >= maxSeries ? others : request;
    this.#errors.inc({ model_name: model, target_model_name: targetModel, fairness_id: fairnessId, priority: String(priority), error_code: errorCode });
  }

  #make(labels: Readonly<Record<(typeof labelNames)[number], string>>): RequestSeries {
    const total = this.#total.labels(labels);
    const duration = this.#duration.labels(labels);
    const size = this.#size.labels(labels);
    const tokens = this.#tokens.labels(labels);
    const running = this.#running.labels(labels);
    return {
      started: ({ bodyBytes, promptTokens }) => {
        total.inc();
        running.inc();
        size.observe(bodyBytes);
        tokens.observe(promptTokens);
      },
      ended: (seconds) => {
        running.dec();
        duration.observe(seconds);
      },
    };
  }
}

const others = { model: other, targetModel: other, fairnessId: other, priority: 0 };
const otherKey = `${other}\n${other}\n${other}\n0`;
