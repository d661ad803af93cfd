import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ProxyState } from '../infra/host/proxy-state.ts';
import type { AdsCounters } from '../xds/server/events.ts';

/** What is read when somebody asks. */
export interface MetricSources {
  readonly version: string;
  ads(): AdsCounters | undefined;
  /** Processes of our own; none where proxies run elsewhere. */
  readonly proxies?: () => Iterable<ProxyState>;
  /** Of files. */
  readonly problems?: () => Iterable<{ readonly severity: 'error' | 'warning' }>;
  /** Objects by kind. */
  objects(): Iterable<readonly [kind: string, count: number]>;
  ready(): boolean;
}

/** A push this long (ms) after a change is about something else. */
const pushWindowMs = 1_000;

/** How often the lag of the event loop is looked at: each look wakes a program that may have nothing to do otherwise. */
const lagPrecisionMs = 100;

/** Seconds: a settle takes 0.1 ms for one route, and a second or so for ten thousand. */
const latencyBuckets = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

const proxyStates = ['starting', 'running', 'backoff', 'draining', 'stopped'] as const satisfies readonly ProxyState['kind'][];

/** The program's own metrics, all named `moongate_*`. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #settle: Histogram;
  readonly #push: Histogram;
  readonly #translationErrors: Counter<'collection'>;
  readonly #restartsTotal: Counter<'proxy'>;
  readonly #statusWrites: Counter<'kind' | 'outcome'>;
  readonly #statusSeconds: Histogram;
  readonly #pids = new Map<string, number>();
  readonly #restarts = new Map<string, number>();
  #changedAt: number | undefined;

  constructor(sources: MetricSources) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry, prefix: 'moongate_', eventLoopMonitoringPrecision: lagPrecisionMs });
    this.#settle = new Histogram({ name: 'moongate_settle_seconds', help: 'Time to work out what follows from a change.', buckets: latencyBuckets, registers });
    this.#push = new Histogram({
      name: 'moongate_change_to_push_seconds',
      help: 'Time from a change of the resources, read, to the first bytes for an Envoy.',
      buckets: latencyBuckets,
      registers,
    });
    this.#translationErrors = new Counter({ name: 'moongate_translation_errors_total', help: 'Translations that failed: bugs.', labelNames: ['collection'], registers });
    this.#restartsTotal = new Counter({ name: 'moongate_proxy_restarts_total', help: 'Envoy processes after the first of each proxy.', labelNames: ['proxy'], registers });
    this.#statusWrites = new Counter({ name: 'moongate_status_writes_total', help: 'Requests to write a status, by kind and outcome.', labelNames: ['kind', 'outcome'], registers });
    this.#statusSeconds = new Histogram({ name: 'moongate_status_write_seconds', help: 'Time that a request to write a status takes.', buckets: latencyBuckets, registers });
    readLater(this.#registry, sources);
  }

  /** Something changed outside, at a time in milliseconds of performance.now. */
  changed(at: number): void {
    this.#changedAt = at;
  }

  /** A response went to an Envoy. */
  pushed(at: number): void {
    if (this.#changedAt === undefined) return;
    const ms = at - this.#changedAt;
    this.#changedAt = undefined;
    if (ms <= pushWindowMs) this.#push.observe(ms / 1000);
  }

  settled(ms: number): void {
    this.#settle.observe(ms / 1000);
  }

  translationFailed(collection: string): void {
    this.#translationErrors.inc({ collection });
  }

  statusWritten({ kind, outcome, durationMs }: { readonly kind: string; readonly outcome: string; readonly durationMs: number }): void {
    this.#statusWrites.inc({ kind, outcome });
    this.#statusSeconds.observe(durationMs / 1000);
  }

  /** A process with another pid than before is a restart. */
  proxyChanged(id: string, state: ProxyState): void {
    if (state.kind === 'stopped') {
      this.#pids.delete(id);
      this.#restarts.delete(id);
      this.#restartsTotal.remove({ proxy: id });
      return;
    }
    if (!('pid' in state) || state.pid === undefined || state.kind === 'draining') return;
    const before = this.#pids.get(id);
    this.#pids.set(id, state.pid);
    if (before === undefined || before === state.pid) return;
    this.#restarts.set(id, this.restarts(id) + 1);
    this.#restartsTotal.inc({ proxy: id });
  }

  /** Processes of a proxy after its first. */
  restarts(id: string): number {
    return this.#restarts.get(id) ?? 0;
  }

  /** All of them in Prometheus' text format. */
  async text(): Promise<{ contentType: string; body: string }> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }
}

/** Metrics that are looked up when they are asked for. */
function readLater(registry: Registry, sources: MetricSources): void {
  const registers = [registry];
  new Gauge({ name: 'moongate_build_info', help: 'The version of the program.', labelNames: ['version', 'node'], registers }).set({ version: sources.version, node: process.version }, 1);
  new Gauge({ name: 'moongate_ready', help: 'Whether all is served: 1 or 0.', registers, collect() { this.set(sources.ready() ? 1 : 0); } });
  new Gauge({
    name: 'moongate_objects', help: 'Objects that are valid, by kind.', labelNames: ['kind'], registers,
    collect() {
      this.reset();
      for (const [kind, count] of sources.objects()) this.set({ kind }, count);
    },
  });
  const { problems, proxies } = sources;
  if (problems !== undefined) {
    new Gauge({
      name: 'moongate_file_problems', help: 'Problems of files and the objects in them.', labelNames: ['severity'], registers,
      collect() {
        for (const severity of ['error', 'warning']) this.set({ severity }, 0);
        for (const { severity } of problems()) this.inc({ severity });
      },
    });
  }
  if (proxies !== undefined) {
    new Gauge({
      name: 'moongate_proxies', help: 'Proxies by state.', labelNames: ['state'], registers,
      collect() {
        for (const state of proxyStates) this.set({ state }, 0);
        for (const { kind } of proxies()) this.inc({ state: kind });
      },
    });
  }
  for (const [name, help, counter] of adsMetrics) {
    if (counter === 'streams') new Gauge({ name, help, registers, collect() { this.set(sources.ads()?.[counter] ?? 0); } });
    else new Counter({ name, help, registers, collect() { this.reset(); this.inc(sources.ads()?.[counter] ?? 0); } });
  }
}

const adsMetrics = [
  ['moongate_xds_streams', 'Envoys that are connected.', 'streams'],
  ['moongate_xds_connects_total', 'Connections of Envoys.', 'connects'],
  ['moongate_xds_pushes_total', 'Responses sent to Envoys.', 'pushes'],
  ['moongate_xds_sent_bytes_total', 'Bytes of these responses.', 'bytes'],
  ['moongate_xds_acks_total', 'Responses that Envoys acknowledged.', 'acks'],
  ['moongate_xds_nacks_total', 'Resources that Envoys refused.', 'nacks'],
  ['moongate_xds_overdue_total', 'Routes that were sent although their clusters were not live.', 'overdue'],
] as const satisfies readonly (readonly [string, string, keyof AdsCounters])[];
