import type { IncomingHttpHeaders } from 'node:http2';
import { Registry } from 'prom-client';
import { DirectedRequest, type Direction } from './directed-request.ts';
import type { EndpointPickerConfig } from './config/endpoint-picker-config.ts';
import { inferencePools, poolMembers, poolSpec } from './endpoints/pool-members.ts';
import type { Endpoint } from './endpoints/endpoint.ts';
import type { RequestControl, RequestHandler } from './ext-proc/request-handler.ts';
import { withFormerNames } from './metrics/aliases.ts';
import { registerPoolMetrics } from './metrics/pool-metrics.ts';
import { RequestMetrics } from './metrics/request-metrics.ts';
import { Pool } from './pool.ts';
import { FlowController } from './flow-control/flow-controller.ts';
import { FlowMetrics } from './metrics/flow-metrics.ts';
import { POLICY_KINDS, poolPolicies } from './policies/policies.ts';
import { noPolicies } from './policies/pool-policies.ts';
import { ByteBudget } from './prefix/byte-budget.ts';
import { parserTypes, RequestParsers, type ParserType } from './request/request-parsers.ts';
import { scrapingOf } from './scrape/scraping.ts';
import { Scraper } from './scrape/scraper.ts';
import { POOL_KINDS } from '../api/inference-pool.ts';
import type { KindName, ResourceOf } from '../api/kinds.ts';
import type { Resource } from '../api/resource.ts';
import type { Source } from '../reactive/collection.ts';
import { Graph } from '../reactive/graph.ts';
import type { Log } from '../util/log.ts';

/** Kinds that a picker reads; of Pods and EndpointSlices the one that says who belongs to a pool. */
export const pickerKinds = [...POOL_KINDS, ...POLICY_KINDS, 'Pod', 'EndpointSlice'] as const satisfies readonly KindName[];

export type PickerKind = (typeof pickerKinds)[number];

export interface PickerOptions {
  readonly config: EndpointPickerConfig;
  /** The one pool that is served, `namespace/name`; undefined: all that name no endpoint picker. */
  readonly pool: string | undefined;
  /** What says who belongs to a pool. */
  readonly servers: 'Pod' | 'EndpointSlice';
  /** Milliseconds between two looks at the metrics of a busy server. */
  readonly scrapeMs: number;
  /** Bytes for all that is remembered of prompts. */
  readonly prefixBytes: number;
  /** In [0, 1). */
  readonly random?: () => number;
  readonly log: Log;
}

/** Initial metadata by which a gateway says which pool a request is for. */
export const poolMetadata = 'x-moongate-inference-pool';

/**
 * Picks servers for the requests to some pools.
 *
 *     InferencePools, Pods or EndpointSlices ─► members ─► pools ◄─ metrics ◄─ servers
 *                                      ext_proc streams ─► pools ─► picks
 */
export class Picker {
  readonly #options: PickerOptions;
  readonly #graph: Graph;
  readonly #sources: { readonly [Kind in PickerKind]: Source<ResourceOf<Kind>> };
  readonly #served = new Map<string, Served>();
  readonly #scraper: Scraper;
  readonly #registry = new Registry();
  readonly #requests: RequestMetrics;
  readonly #parsers: RequestParsers;
  readonly #budget: ByteBudget;
  readonly #flow: FlowMetrics;
  /** Of each endpoint. */
  readonly #pools = new WeakMap<Endpoint, Pool>();

  /** Throws a sentence when the configuration asks for what cannot be had, such as a file that is not there. */
  constructor(options: PickerOptions) {
    this.#options = options;
    const { config, log, scrapeMs, servers, pool: only, prefixBytes } = options;
    const graph = new Graph({ onError: ({ collection, key, error }) => log.error({ collection, key, err: error }, 'a pool cannot be worked out') });
    this.#graph = graph;
    const sources = Object.fromEntries(pickerKinds.map((kind) => [kind, graph.source(kind)])) as unknown as { readonly [Kind in PickerKind]: Source<ResourceOf<Kind>> };
    this.#sources = sources;
    this.#requests = new RequestMetrics(this.#registry);
    this.#parsers = new RequestParsers(parsersOf(config));
    this.#budget = new ByteBudget(prefixBytes);
    this.#scraper = new Scraper({ log, intervalMs: scrapeMs, onScraped: (endpoint) => this.#pools.get(endpoint)?.entrance.wake() });
    const scraping = scrapingOf(config);
    const specs = graph.derive('pools', inferencePools(graph, sources), (pool) => {
      const isWanted = only === undefined ? pool.object.spec.endpointPickerRef === undefined : pool.key === only;
      return isWanted ? poolSpec(pool) : undefined;
    });
    const members = poolMembers(graph, specs, servers === 'Pod' ? { pods: sources.Pod } : { slices: sources.EndpointSlice });
    registerPoolMetrics(this.#registry, () => this.pools);
    this.#flow = new FlowMetrics(this.#registry, () => this.pools.flatMap(({ name, entrance }) => (entrance instanceof FlowController ? [{ pool: name, control: entrance }] : [])));
    const policies = poolPolicies(graph, specs, sources);
    policies.subscribe((changes) => {
      for (const [key, { after }] of changes) {
        const pool = this.#served.get(key)?.pool;
        if (pool !== undefined) pool.policies = after ?? noPolicies;
      }
    });
    members.subscribe((changes) => {
      for (const [key, { after }] of changes) {
        if (after === undefined) this.#remove(key);
        else {
          const { pool } = this.#served.get(key) ?? this.#add(key, scraping);
          pool.policies = policies.get(key) ?? noPolicies;
          pool.endpoints.apply(after);
        }
      }
    });
  }

  /** The pools that are served. */
  get pools(): readonly Pool[] {
    return [...this.#served.values()].map(({ pool }) => pool);
  }

  /** Takes in what has changed: `resource` undefined means that it is gone. */
  apply(changes: Iterable<{ readonly kind: string; readonly key: string; readonly resource: Resource | undefined }>): void {
    for (const { kind, key, resource } of changes) {
      const source = (this.#sources as Readonly<Record<string, Source<Resource> | undefined>>)[kind];
      if (resource === undefined) source?.delete(key);
      else source?.set(key, resource);
    }
    this.#graph.settle();
  }

  /** Takes a request. */
  handle(control: RequestControl, metadata: Readonly<IncomingHttpHeaders>): RequestHandler {
    const key = this.#options.pool ?? metadata[poolMetadata];
    const served = typeof key === 'string' ? this.#served.get(key) : undefined;
    return served === undefined ? new Unknown(control, typeof key === 'string' ? key : '') : new DirectedRequest(served.direction, control);
  }

  /** For Prometheus. */
  async metrics(): Promise<string> {
    return withFormerNames(await this.#registry.metrics());
  }

  stop(): void {
    this.#scraper.stop();
  }

  #add(key: string, { source, extraction }: ReturnType<typeof scrapingOf>): Served {
    const { config, log, scrapeMs, random = Math.random } = this.#options;
    const pool = new Pool({ key, config, random, log, budget: this.#budget, scrapeMs, listener: (name) => this.#flow.listener(name) });
    pool.endpoints.listen({ onAdded: (endpoint) => void this.#pools.set(endpoint, pool) });
    const unfollow = this.#scraper.follow(pool.endpoints, source, extraction);
    const served = { pool, unfollow, direction: { pool, parsers: this.#parsers, metrics: this.#requests, random } };
    this.#served.set(key, served);
    log.info({ pool: key }, 'serves a pool');
    return served;
  }

  #remove(key: string): void {
    const served = this.#served.get(key);
    if (served === undefined) return;
    served.pool.close();
    served.unfollow();
    this.#served.delete(key);
    this.#options.log.info({ pool: key }, 'serves a pool no more');
  }
}

/** Types of the parsers that a configuration names. */
function parsersOf({ parsers, plugins }: EndpointPickerConfig): ParserType[] {
  return parsers.map((name) => {
    const type = plugins.find((plugin) => plugin.name === name)?.type.type;
    const known = parserTypes.find((one) => one === type);
    if (known === undefined) throw new Error(`requestHandler.parsers: ${type ?? name} is not served yet`);
    return known;
  });
}

interface Served {
  readonly pool: Pool;
  readonly direction: Direction;
  readonly unfollow: () => void;
}

/** A request to a pool that is not served here. */
class Unknown implements RequestHandler {
  readonly #control: RequestControl;
  readonly #key: string;

  constructor(control: RequestControl, key: string) {
    this.#control = control;
    this.#key = key;
  }

  headers(): void {
    const message = this.#key === '' ? 'the request says not which pool it is for' : `the pool ${this.#key} is not served here`;
    this.#control.reject({ status: 503, headers: new Map([['content-type', 'application/json']]), body: `${JSON.stringify({ error: { message, type: 'server_error', code: 503 } })}\n`, details: 'picker_unknown_pool' });
  }

  closed(): void {}
}
