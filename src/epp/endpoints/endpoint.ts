/**
 * One port of one model server of a pool: what requests are sent to. The identity is fixed; what is known of the server changes in place,
 * and every scorer reads it from here. All endpoints have the same fields in the same order, whatever serves behind them.
 */
export class Endpoint {
  /** Small number, of this endpoint alone while it is in its pool, and given out again afterwards: an index of bit sets and typed arrays. */
  readonly slot: number;
  /** `namespace/pod-rank-N`, as the upstream picker names it. N counts the pool's target ports. */
  readonly name: string;
  /** `namespace/pod`. */
  readonly pod: string;
  readonly ip: string;
  readonly port: number;
  /** `ip:port`, an IPv6 address in brackets. */
  readonly address: string;
  /** Of the Pod. Replaced by the pool's table when they change. */
  labels: Readonly<Record<string, string>>;
  /** It is no longer in its pool, and its slot may be another's: whatever is kept by slot must not be written for it any more. */
  isGone = false;
  /** What the server said last. */
  metrics: ServerMetrics = noMetrics;
  /** Requests that were sent there and are not answered to their end. */
  inFlight = 0;
  /**
   * `inFlight` when `metrics` was taken: what has come since is not in them. The server takes them at some moment between question and answer;
   * of the values at both ends this is the smaller one, so that a request may be thought to be there twice for a while, but is never overlooked.
   */
  inFlightAtScrape = 0;
  /** Milliseconds on the monotonic clock at which newer metrics are looked for; Infinity: nobody looks. */
  metricsDue = Infinity;
  /** Tokens of prompts on their way that are not answered with a first token yet, those that the server is thought to have cached left out. */
  inFlightTokens = 0;
  /** Requests on their way by model name. */
  readonly inFlightByModel = new Map<string, number>();

  constructor({ slot, name, pod, ip, port, labels }: EndpointIdentity) {
    this.slot = slot;
    this.name = name;
    this.pod = pod;
    this.ip = ip;
    this.port = port;
    this.address = ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
    this.labels = labels;
  }
}

/**
 * For how many milliseconds newer metrics of an endpoint have been wanting: 0 while they are as new as they are meant to be. Servers that have nothing
 * to do are asked less often, so how old metrics are says nothing.
 */
export function metricsLateness({ metrics, metricsDue }: Endpoint, now: number): number {
  return Math.max(0, now - Math.max(metrics.at, metricsDue));
}

export interface EndpointIdentity {
  readonly slot: number;
  readonly name: string;
  readonly pod: string;
  readonly ip: string;
  readonly port: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** What a model server tells of itself at its metrics endpoint (model server protocol). Replaced as a whole by each scrape. */
export interface ServerMetrics {
  /** Milliseconds on the monotonic clock at which the answer was complete; -Infinity: never. */
  readonly at: number;
  /** Requests that wait for a place in the running batch. */
  readonly waiting: number;
  readonly running: number;
  /** Used share of the KV cache, 0 to 1. */
  readonly kvCacheUsage: number;
  /** Tokens of a block of the KV cache; 0: unknown. */
  readonly blockSize: number;
  /** Blocks of the KV cache; 0: unknown. */
  readonly blocks: number;
  readonly loras: LoraMetrics;
  /** Values of metrics that the configuration asks for, by attribute. */
  readonly custom: ReadonlyMap<string, number>;
}

export interface LoraMetrics {
  /** Adapters that the server can run at once; 0: unknown. */
  readonly max: number;
  readonly running: ReadonlySet<string>;
  readonly waiting: ReadonlySet<string>;
}

export const noLoras: LoraMetrics = { max: 0, running: new Set(), waiting: new Set() };

export const noMetrics: ServerMetrics = { at: -Infinity, waiting: 0, running: 0, kvCacheUsage: 0, blockSize: 0, blocks: 0, loras: noLoras, custom: new Map() };
