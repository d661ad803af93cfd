import { percentile, round } from '../propagation/statistics.ts';
import type { ContenderName } from './contenders/contender.ts';
import { patience, scenarioNames, scenarios, type Scenario, type ScenarioName } from './scenarios.ts';
import type { Turn } from './turn.ts';

/** Times in ms, rounded to µs. */
export interface Times {
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** What one contender did in one scenario, all rounds together. bench/README.md says what each means. */
export interface Figures {
  readonly requests: number;
  readonly failed: number;
  readonly lost: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly requests_per_second: number;
  readonly ttft_ms: Times;
  readonly total_ms: Times;
  readonly lag_p99_ms: number;
  readonly spread: number;
  readonly pods: readonly Readonly<Record<string, number>>[];
  readonly picker_cpu_ms: number | null;
  readonly picker_idle_cpu_ms_per_second: number | null;
  readonly picker_rss_mb: number | null;
  readonly proxy_cpu_ms: number | null;
  readonly servers_cpu_ms: number;
}

/** What a request that is never answered counts for. */
const patienceMs = patience * 1000;

export type Results = Partial<Record<ScenarioName, Partial<Record<ContenderName, Figures>>>>;

export interface FiguresOptions {
  readonly servers: number;
  readonly hasPicker: boolean;
  readonly hasProxy: boolean;
  readonly idle: number | undefined;
}

export function figuresOf(turns: readonly Turn[], { servers, hasPicker, hasProxy, idle }: FiguresOptions): Figures {
  const failures: Record<string, number> = {};
  for (const { load } of turns) for (const [reason, count] of Object.entries(load.failures)) failures[reason] = (failures[reason] ?? 0) + count;
  const failed = sum(Object.values(failures));
  const requests = sum(turns.map(({ load }) => load.lag.length));
  const perRequest = (part: keyof Turn['cpuMs']): number => round(sum(turns.map(({ cpuMs }) => cpuMs[part])) / requests);
  const rss = turns.at(-1)?.rssMb;
  return {
    requests,
    failed,
    lost: requests - sum(turns.map(({ load }) => load.answered)),
    failures,
    requests_per_second: round(requests / sum(turns.map(({ load }) => load.seconds))),
    // To whom it happened, a lost request is no fast one.
    ttft_ms: times(turns.flatMap(({ load }) => [...load.firstByte, ...Array.from({ length: load.lag.length - load.answered }, () => patienceMs)])),
    total_ms: times(turns.flatMap(({ load }) => load.total)),
    lag_p99_ms: round(percentile(turns.flatMap(({ load }) => load.lag), 0.99)),
    spread: round(sum(turns.map(({ load }) => spread(load.pods, servers))) / turns.length),
    pods: turns.map(({ load }) => load.pods),
    picker_cpu_ms: hasPicker ? perRequest('picker') : null,
    picker_idle_cpu_ms_per_second: idle === undefined ? null : round(idle),
    picker_rss_mb: rss === undefined ? null : round(rss),
    proxy_cpu_ms: hasProxy ? perRequest('proxy') : null,
    servers_cpu_ms: perRequest('servers'),
  };
}

/** How many times as much as its share the busiest server got. 1: all got the same. */
function spread(pods: Readonly<Record<string, number>>, servers: number): number {
  const counts = Object.values(pods);
  return (Math.max(0, ...counts) * servers) / Math.max(1, sum(counts));
}

function times(values: readonly number[]): Times {
  const at = (share: number): number => round(percentile(values, share));
  return { mean: round(sum(values) / values.length), p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Ours against upstream's, null where one of them is missing. */
export interface Comparison {
  readonly cpu_ratio: Readonly<Record<string, number | null>>;
  /** The same without what both spend when nobody asks for anything. */
  readonly cpu_ratio_beyond_idle: Readonly<Record<string, number | null>>;
  /** What our picker adds to Envoy alone. */
  readonly pick_ms: { readonly p50: number | null; readonly p99: number | null };
  readonly ttft_ratio: Readonly<Record<string, { readonly mean: number | null; readonly p99: number | null }>>;
  /** Of our picker, when as many requests come as the machine can take: what one core would do. */
  readonly requests_per_core_second: number | null;
  readonly rss_mb: number | null;
}

export function compare(results: Results): Comparison {
  const names = (subject: Scenario['subject']): ScenarioName[] => scenarioNames.filter((name) => scenarios[name].subject === subject);
  const pair = (name: ScenarioName, figure: (figures: Figures) => number | null): number | null => {
    const { moongate, upstream } = results[name] ?? {};
    return quotient(moongate && figure(moongate), upstream && figure(upstream));
  };
  const saturated = results.saturation?.moongate?.picker_cpu_ms;
  const added = (share: 'p50' | 'p99'): number | null => {
    const { moongate, 'round-robin': without } = results.latency ?? {};
    return moongate && without ? round(moongate.ttft_ms[share] - without.ttft_ms[share]) : null;
  };
  return {
    cpu_ratio: Object.fromEntries(names('cost').map((name) => [name, pair(name, (figures) => figures.picker_cpu_ms)])),
    cpu_ratio_beyond_idle: Object.fromEntries(names('cost').map((name) => [name, pair(name, beyondIdle)])),
    pick_ms: { p50: added('p50'), p99: added('p99') },
    ttft_ratio: Object.fromEntries(names('placement').map((name) => [name, { mean: pair(name, ({ ttft_ms: { mean } }) => mean), p99: pair(name, ({ ttft_ms: { p99 } }) => p99) }])),
    requests_per_core_second: saturated === null || saturated === undefined ? null : Math.round(1000 / saturated),
    rss_mb: results.memory?.moongate?.picker_rss_mb ?? null,
  };
}

function beyondIdle({ picker_cpu_ms: cpu, picker_idle_cpu_ms_per_second: idle, requests_per_second: rate }: Figures): number | null {
  return cpu === null || idle === null ? null : Math.max(0, cpu - idle / rate);
}

function quotient(ours: number | null | undefined, theirs: number | null | undefined): number | null {
  return typeof ours === 'number' && typeof theirs === 'number' ? round(ours / theirs) : null;
}
