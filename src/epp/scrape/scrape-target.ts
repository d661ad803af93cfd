import type { Endpoint } from '../endpoints/endpoint.ts';
import type { Log } from '../../util/log.ts';
import { printable } from '../../util/printable.ts';
import type { Extraction } from './extraction.ts';
import { MetricsClient, type Answer } from './metrics-client.ts';
import type { MetricsReader } from './metrics-reader.ts';
import type { MetricsSource } from './metrics-source.ts';
import { scrapeInterval } from './scrape-pace.ts';

/** Failures in a row before anybody is told: one may be a connection that the server closed while nothing was going on. */
const TOLD_FAILURES = 2;
/** How long an endpoint counts as busy after it was, in milliseconds. */
const LINGER_MS = 500;

/** What all endpoints of a pool share. */
export interface ScrapePool {
  readonly source: MetricsSource;
  readonly extraction: Extraction;
  /** When an endpoint of the pool was busy last. */
  busyAt: number;
}

/** What all targets of a scraper share. */
export interface ScrapeContext {
  readonly log: Log;
  readonly intervalMs: number;
  readonly idleIntervalMs: number;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly now: () => number;
  readonly counts: ScrapeCounts;
  /** By how much intervals are longer than they would be, lest there be too many questions. */
  stretch: number;
  readonly onScraped: (endpoint: Endpoint) => void;
}

/** Since the start. */
export interface ScrapeCounts {
  /** Questions. */
  polls: number;
  /** Those without an answer, or with one that cannot be read. */
  pollErrors: number;
  /** Answers without a metric that was looked for. */
  extractErrors: number;
}

/** One endpoint that is asked for its metrics, again and again, one question at a time. */
export class ScrapeTarget {
  readonly endpoint: Endpoint;
  readonly pool: ScrapePool;
  readonly #context: ScrapeContext;
  #client: MetricsClient | undefined;
  /** For the labels that the endpoint had last. */
  #reader: MetricsReader | string;
  #labels: Endpoint['labels'];
  #askedAt: number;
  #isAsking = false;
  #inFlightWhenAsked = 0;
  #busyAt = -Infinity;
  #idleAnswers = 0;
  #failures = 0;
  #scanMs = 0;

  /** `firstAt`: when it is asked for the first time. */
  constructor(endpoint: Endpoint, pool: ScrapePool, context: ScrapeContext, firstAt: number) {
    this.endpoint = endpoint;
    this.pool = pool;
    this.#context = context;
    this.#labels = endpoint.labels;
    this.#reader = pool.extraction.readerFor(endpoint.labels);
    this.#askedAt = firstAt - this.#intervalMs;
    endpoint.metricsDue = firstAt;
  }

  /** Milliseconds from question to question, as things are, not stretched. */
  interval(now: number): number {
    const { inFlight, metrics } = this.endpoint;
    // What a server that is gone said last does not count.
    const isRunning = this.#failures === 0 && (metrics.running > 0 || metrics.waiting > 0);
    if (inFlight > 0 || isRunning) this.#busyAt = this.pool.busyAt = now;
    return scrapeInterval({
      intervalMs: this.#intervalMs,
      idleIntervalMs: this.#context.idleIntervalMs,
      isBusy: now - this.#busyAt <= LINGER_MS,
      isPoolBusy: now - this.pool.busyAt <= LINGER_MS,
      idleAnswers: this.#idleAnswers,
      failures: this.#failures,
      scanMs: this.#scanMs,
    });
  }

  /** Gives up on an answer that takes too long. Returns when there is something to do next; what is in the past is a question that is due. */
  next(now: number, intervalMs: number): number {
    if (this.#isAsking) {
      const deadline = this.#askedAt + this.#context.timeoutMs;
      if (now < deadline) return deadline;
      this.#fail('pollErrors', `there is no whole answer within ${this.#context.timeoutMs} ms`);
    }
    return this.#askedAt + intervalMs;
  }

  /** Asks. Only for one that is due. */
  ask(now: number): void {
    const { endpoint } = this;
    this.#askedAt = now;
    if (endpoint.labels !== this.#labels) {
      this.#labels = endpoint.labels;
      this.#reader = this.pool.extraction.readerFor(endpoint.labels);
    }
    endpoint.metricsDue = Math.min(endpoint.metricsDue, now);
    if (typeof this.#reader === 'string') return this.#fail('extractErrors', this.#reader);
    this.#isAsking = true;
    this.#inFlightWhenAsked = endpoint.inFlight;
    this.#context.counts.polls++;
    const { source } = this.pool;
    const { maxBytes, timeoutMs } = this.#context;
    this.#client ??= new MetricsClient({ origin: this.#origin, source, maxBytes, timeoutMs });
    this.#client.ask((answer) => this.#onAnswer(answer));
  }

  /** Ends it. The endpoint keeps what is known. */
  stop(): void {
    this.#client?.destroy();
    this.#client = undefined;
  }

  get #intervalMs(): number {
    return this.pool.source.intervalMs || this.#context.intervalMs;
  }

  get #origin(): string {
    const { source } = this.pool;
    const { ip, port } = this.endpoint;
    return `${source.scheme}://${ip.includes(':') ? `[${ip}]` : ip}:${source.port ?? port}`;
  }

  #onAnswer(answer: Answer): void {
    const reader = this.#reader;
    if (typeof reader === 'string') return;
    if ('problem' in answer) return this.#fail('pollErrors', answer.problem);
    const now = this.#context.now();
    const metrics = reader.read(answer.body, now);
    this.#scanMs = this.#context.now() - now;
    if (metrics === undefined) return this.#fail('extractErrors', `its answer has none of ${reader.names.join(', ')}`);
    const { endpoint } = this;
    this.#isAsking = false;
    endpoint.metrics = metrics;
    endpoint.inFlightAtScrape = Math.min(this.#inFlightWhenAsked, endpoint.inFlight);
    const isIdle = endpoint.inFlight === 0 && metrics.running === 0 && metrics.waiting === 0;
    this.#idleAnswers = isIdle ? this.#idleAnswers + 1 : 0;
    if (this.#failures >= TOLD_FAILURES) this.#context.log.info({ endpoint: endpoint.name }, `metrics of ${endpoint.name} can be read again`);
    this.#failures = 0;
    endpoint.metricsDue = this.#askedAt + this.interval(now) * this.#context.stretch;
    this.#context.onScraped(endpoint);
  }

  #fail(count: 'pollErrors' | 'extractErrors', problem: string): void {
    const { counts, log } = this.#context;
    const { name } = this.endpoint;
    this.#isAsking = false;
    this.stop();
    counts[count]++;
    this.#failures++;
    if (this.#failures === TOLD_FAILURES) {
      log.warn({ endpoint: name, url: `${this.#origin}${this.pool.source.path}` }, printable(`metrics of ${name} cannot be read: ${problem}`));
    }
  }
}
