import { performance } from 'node:perf_hooks';
import type { EndpointPickerConfig } from './config/endpoint-picker-config.ts';
import { Account } from './endpoints/account.ts';
import type { Endpoint } from './endpoints/endpoint.ts';
import { PoolEndpoints } from './endpoints/pool-endpoints.ts';
import { buildEntrance } from './flow-control/build.ts';
import type { FlowController, FlowListener } from './flow-control/flow-controller.ts';
import type { LegacyEntrance } from './flow-control/legacy-entrance.ts';
import { noPolicies, type PoolPolicies } from './policies/pool-policies.ts';
import { PickLog } from './scheduling/pick-log.ts';
import type { ByteBudget } from './prefix/byte-budget.ts';
import { PrefixIndex } from './prefix/prefix-index.ts';
import { buildScheduling, type Scheduling } from './scheduling/build.ts';
import type { Log } from '../util/log.ts';

/** Picks that are remembered of each pool. */
const rememberedPicks = 256;

/** For how long (ms) a server that could not be reached gets no requests while others can be. Doubled by each failure in a row, up to the last. */
const avoidMs = { first: 1_000, last: 30_000 };

export interface PoolOptions {
  /** `namespace/name`. */
  readonly key: string;
  readonly config: EndpointPickerConfig;
  /** Bytes for what is remembered of prompts, shared with other pools. */
  readonly budget: ByteBudget;
  readonly random: () => number;
  /** Milliseconds between two looks at the metrics of a busy server. */
  readonly scrapeMs: number;
  /** Who hears of waiting requests, by the name of the pool. */
  readonly listener: (pool: string) => FlowListener;
  readonly log: Log;
}

/** One InferencePool while it is served: its servers, what is known of them, and who chooses among them. */
export class Pool {
  readonly key: string;
  /** Without its namespace, as metrics have it. */
  readonly name: string;
  readonly endpoints = new PoolEndpoints();
  readonly scheduling: Scheduling;
  readonly account: Account;
  /** Where requests wait, if they do, until there is room for them. */
  readonly entrance: FlowController | LegacyEntrance;
  /** What objects say of the pool's requests. */
  policies: PoolPolicies = noPolicies;
  readonly picks = new PickLog(rememberedPicks);
  /** What is remembered of prompts, for each plugin that remembers. */
  readonly indexes: PrefixIndex[] = [];
  /** Servers that could not be reached, until when they are avoided, and how often in a row. */
  readonly #unreachable = new Map<Endpoint, { readonly until: number; readonly failures: number }>();

  constructor({ key, config, budget, random, log, scrapeMs, listener }: PoolOptions) {
    this.key = key;
    this.name = key.slice(key.indexOf('/') + 1);
    this.scheduling = buildScheduling(config, {
      random,
      prefixIndex: ({ blocksPerServer, autoTune }) => {
        const index = new PrefixIndex({ budget, blocksPerServer, autoTune });
        this.indexes.push(index);
        return index;
      },
      sleep: (ms) => new Promise((wake) => setTimeout(wake, ms).unref()),
      failed: ({ name }, reason) => log.warn({ pool: key, plugin: name, reason }, 'a data producer has failed: picks go on without it'),
    });
    const { scheduler, tokenCost } = this.scheduling;
    this.account = new Account({ observers: scheduler.observers, cost: tokenCost });
    this.entrance = buildEntrance(config, this.scheduling, {
      endpoints: () => this.endpoints.all,
      scrapeMs,
      listener: listener(this.name),
      failed: (error) => log.error({ pool: key, err: error }, 'a request that waited went wrong'),
    });
    this.endpoints.listen({
      onAdded: () => this.entrance.wake(),
      onRemoved: (endpoint) => {
        scheduler.removed(endpoint);
        this.#unreachable.delete(endpoint);
        this.entrance.wake();
      },
    });
  }

  /**
   * Servers among which a request may be placed.
   * @param subset `ip:port` or `ip` of those that the proxy allows; undefined: all
   */
  candidates(subset: readonly string[] | undefined): readonly Endpoint[] {
    const allowed = subset === undefined ? this.endpoints.all : this.endpoints.all.filter(({ address, ip }) => subset.includes(address) || subset.includes(ip));
    if (this.#unreachable.size === 0) return allowed;
    const now = performance.now();
    const reachable = allowed.filter((endpoint) => (this.#unreachable.get(endpoint)?.until ?? 0) <= now);
    return reachable.length === 0 ? allowed : reachable;
  }

  /** A connection to this server failed. */
  failed(endpoint: Endpoint): void {
    if (endpoint.isGone) return;
    const failures = (this.#unreachable.get(endpoint)?.failures ?? 0) + 1;
    this.#unreachable.set(endpoint, { until: performance.now() + Math.min(avoidMs.last, avoidMs.first * 2 ** Math.min(failures - 1, 10)), failures });
  }

  /** This server has answered. */
  reached(endpoint: Endpoint): void {
    this.#unreachable.delete(endpoint);
  }

  /** Forgets everything: the pool is served no more. */
  close(): void {
    this.entrance.shutdown();
    this.endpoints.apply([]);
    for (const index of this.indexes) index.clear();
  }

  /** Servers that are avoided now. */
  get avoided(): number {
    const now = performance.now();
    return [...this.#unreachable.values()].filter(({ until }) => until > now).length;
  }
}
