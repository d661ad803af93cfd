import type { Endpoint } from '../endpoints/endpoint.ts';
import type { PoolEndpoints } from '../endpoints/pool-endpoints.ts';
import type { Log } from '../../util/log.ts';
import type { Extraction } from './extraction.ts';
import type { MetricsSource } from './metrics-source.ts';
import { ScrapeTarget, type ScrapeContext, type ScrapeCounts, type ScrapePool } from './scrape-target.ts';

export interface ScraperOptions {
  readonly log: Log;
  /** Milliseconds between two questions to a server that has something to do, unless its source says otherwise; 50 as upstream's `--refresh-metrics-interval`. */
  readonly intervalMs?: number;
  /** Milliseconds between two questions while a whole pool has nothing to do; 1,000 by default. */
  readonly idleIntervalMs?: number;
  /** Milliseconds for an answer from the question to its last byte; 2,000 by default. */
  readonly timeoutMs?: number;
  /** The longest answer that is read; 4 MiB by default. */
  readonly maxBytes?: number;
  /** Questions a second, all servers together: with more of them each is asked less often. 500 by default, some 10 % of a core. */
  readonly maxPerSecond?: number;
  /** Hears of each endpoint that has new metrics. */
  readonly onScraped?: (endpoint: Endpoint) => void;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
}

/** Milliseconds between two looks at who is to be asked, at least and at most: an endpoint that gets its first request is seen that soon. */
const [MIN_TICK_MS, MAX_TICK_MS] = [5, 50];

/** Keeps the questions to servers that come together apart. */
const GOLDEN = 0.618_033_988_749_895;

/**
 * Asks all servers of all pools for their metrics, and keeps what they say in their endpoints. One for a process.
 *
 *     pools ─added, removed─► targets ─tick─► who is due? ─► GET /metrics ─► scanned ─► endpoint.metrics
 *
 * How often a server is asked depends on what it has to do: see `scrapeInterval`. A server that hangs, fails or answers nonsense costs nobody else
 * anything: its endpoint keeps its last metrics, which become late (`metricsLateness`).
 */
export class Scraper {
  readonly counts: ScrapeCounts = { polls: 0, pollErrors: 0, extractErrors: 0 };
  readonly #context: ScrapeContext;
  readonly #maxPerSecond: number;
  readonly #targets = new Map<Endpoint, ScrapeTarget>();
  #timer: NodeJS.Timeout | undefined;
  #added = 0;
  #isStopped = false;

  constructor({ log, intervalMs = 50, idleIntervalMs = 1000, timeoutMs = 2000, maxBytes = 4 * 1024 * 1024, maxPerSecond = 500, onScraped = () => {}, now = () => performance.now() }: ScraperOptions) {
    this.#context = { log, intervalMs, idleIntervalMs, timeoutMs, maxBytes, now, counts: this.counts, stretch: 1, onScraped };
    this.#maxPerSecond = maxPerSecond;
  }

  /** Servers that are asked. */
  get size(): number {
    return this.#targets.size;
  }

  /** Asks the servers of a pool from now on, whoever comes and goes. Returns the way to stop. */
  follow(endpoints: PoolEndpoints, source: MetricsSource, extraction: Extraction): () => void {
    const pool: ScrapePool = { source, extraction, busyAt: -Infinity };
    for (const endpoint of endpoints.all) this.#add(endpoint, pool);
    const stop = endpoints.listen({ onAdded: (endpoint) => this.#add(endpoint, pool), onRemoved: (endpoint) => this.#remove(endpoint) });
    return () => {
      stop();
      for (const [endpoint, target] of this.#targets) if (target.pool === pool) this.#remove(endpoint);
    };
  }

  /** Ends all questions. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    for (const endpoint of this.#targets.keys()) this.#remove(endpoint);
  }

  #add(endpoint: Endpoint, pool: ScrapePool): void {
    if (this.#isStopped) return;
    const interval = pool.source.intervalMs || this.#context.intervalMs;
    const firstAt = this.#context.now() + ((this.#added++ * GOLDEN) % 1) * interval;
    this.#targets.set(endpoint, new ScrapeTarget(endpoint, pool, this.#context, firstAt));
    this.#timer ??= setTimeout(() => this.#tick(), 0);
  }

  #remove(endpoint: Endpoint): void {
    this.#targets.get(endpoint)?.stop();
    this.#targets.delete(endpoint);
  }

  #tick(): void {
    const now = this.#context.now();
    let next = now + MAX_TICK_MS;
    let perSecond = 0;
    // When all are due at once, they are asked in several ticks, and stay apart.
    let questions = Math.ceil((2 * this.#maxPerSecond * MIN_TICK_MS) / 1000);
    for (const target of this.#targets.values()) {
      const interval = target.interval(now);
      perSecond += 1000 / interval;
      const due = target.next(now, interval * this.#context.stretch);
      if (due <= now && questions-- > 0) target.ask(now);
      else next = Math.min(next, due);
    }
    this.#context.stretch = Math.max(1, perSecond / this.#maxPerSecond);
    this.#timer = this.#targets.size === 0 ? undefined : setTimeout(() => this.#tick(), Math.max(MIN_TICK_MS, next - now));
  }
}
