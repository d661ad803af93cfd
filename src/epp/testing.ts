/** Endpoints, requests and prompts for tests. */
import { Endpoint, noMetrics, type LoraMetrics, type ServerMetrics } from './endpoints/endpoint.ts';
import { ByteBudget } from './prefix/byte-budget.ts';
import { PrefixIndex } from './prefix/prefix-index.ts';
import type { PromptDigest } from './prefix/prompt-digest.ts';
import type { InferenceRequest } from './request/inference-request.ts';

interface EndpointOptions extends Partial<ServerMetrics> {
  readonly labels?: Readonly<Record<string, string>>;
  readonly inFlight?: number;
  readonly inFlightAtScrape?: number;
  readonly inFlightTokens?: number;
  readonly port?: number;
  /** Never, by default. */
  readonly metricsDue?: number;
}

/** Endpoint `slot`, `10.0.0.SLOT:8000`; by default just scraped, and idle. */
export function testEndpoint(slot: number, { labels = {}, inFlight = 0, inFlightAtScrape = inFlight, inFlightTokens = 0, port = 8000, metricsDue = Infinity, ...metrics }: EndpointOptions = {}): Endpoint {
  const endpoint = new Endpoint({ slot, name: `default/pod-${slot}-rank-0`, pod: `default/pod-${slot}`, ip: `10.0.0.${slot}`, port, labels });
  endpoint.metrics = { ...noMetrics, at: 0, ...metrics };
  endpoint.metricsDue = metricsDue;
  endpoint.inFlight = inFlight;
  endpoint.inFlightAtScrape = inFlightAtScrape;
  endpoint.inFlightTokens = inFlightTokens;
  return endpoint;
}

export function loras(max: number, running: readonly string[] = [], waiting: readonly string[] = []): LoraMetrics {
  return { max, running: new Set(running), waiting: new Set(waiting) };
}

interface RequestOptions extends Partial<Omit<InferenceRequest, 'headers'>> {
  readonly headers?: Readonly<Record<string, string>>;
}

export function testRequest({ headers = {}, ...fields }: RequestOptions = {}): InferenceRequest {
  return {
    id: 'request-1',
    headers: new Map(Object.entries(headers)),
    model: 'model',
    targetModel: 'model',
    priority: 0,
    fairnessId: 'default-flow',
    streaming: false,
    bodyBytes: 1000,
    promptTokens: 0,
    maxOutputTokens: 0,
    prompt: undefined,
    ...fields,
  };
}

/** A prompt of these block hashes, 64 tokens each. */
export function testPrompt(...blocks: number[]): PromptDigest {
  return { hashes: Uint32Array.from(blocks.flatMap((block) => [block, block])), blocks: blocks.length, blockTokens: 64 };
}

/** An index with room for all that a test does. */
export function testPrefixIndex(): PrefixIndex {
  return new PrefixIndex({ budget: new ByteBudget(64 * 1024 * 1024), blocksPerServer: 100_000, autoTune: false });
}

/** The same numbers for the same seed, from 0 up to 1. */
export function testRandom(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
