import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadSpec, Work } from './load.ts';
import { adapters, model, type Servers } from './servers.ts';

/** What a scenario is to tell of contenders. */
export type Subject = 'cost' | 'latency' | 'saturation' | 'placement' | 'herd' | 'memory';

export interface Scenario {
  readonly subject: Subject;
  readonly about: string;
  /** `fast` servers answer at once, `simulated` ones in the time of real ones. */
  readonly servers: 'fast' | 'simulated';
  /** What is sent in one round of so many seconds. */
  readonly load: (seconds: number) => LoadSpec;
  /** What happens meanwhile. */
  readonly during?: (servers: Servers, seconds: number, signal: AbortSignal) => Promise<void>;
  /** Undoes that. */
  readonly after?: (servers: Servers) => Promise<void>;
}

/** A prompt of 200 tokens as pickers count them, four bytes each. */
const shortPrompt = 800;
const plain = { models: [model], stream: false, outputTokens: 100, suffixBytes: shortPrompt } as const;
/** Prompts of 2,000 tokens as servers count them, of which all but 100 are shared with a thirtieth of the others or so; the first group is the most frequent. */
const shared: Work = { models: [model], stream: true, outputTokens: 50, groups: 30, skew: 0.6, prefixBytes: 9_500, suffixBytes: 500 };
const placement = { subject: 'placement', servers: 'simulated' } as const;
/** Seconds that clients wait for a whole answer where it is not a long one. */
export const patience = 30;
/** What clients do about errors: a picker must not look fast for what it fails. */
const stubborn = { timeoutSeconds: patience, retrySeconds: 1 };

export const scenarios = {
  short: {
    subject: 'cost', servers: 'fast', about: '200 tokens in, 100 out, not streamed, 500 requests/s',
    load: (seconds) => ({ rate: 500, seconds, timeoutSeconds: patience, work: plain }),
  },
  streamed: {
    subject: 'cost', servers: 'fast', about: '200 tokens in, 100 out, streamed in 100 ms, 100 requests/s',
    load: (seconds) => ({ rate: 100, seconds, timeoutSeconds: patience, work: { ...plain, stream: true } }),
  },
  long_output: {
    subject: 'cost', servers: 'fast', about: '10,000 tokens out, streamed in 10 s, one request/s, eight in all',
    load: () => ({ rate: 1, steady: true, requests: 8, timeoutSeconds: 120, work: { ...plain, stream: true, outputTokens: 10_000 } }),
  },
  long_prompt: {
    subject: 'cost', servers: 'fast', about: 'prompts of 220 KB, 10 tokens out, not streamed, 20 requests/s',
    load: (seconds) => ({ rate: 20, seconds, timeoutSeconds: patience, work: { ...plain, outputTokens: 10, suffixBytes: 220_000 } }),
  },
  latency: {
    subject: 'latency', servers: 'fast', about: '200 tokens in, 100 out, not streamed, 1,000 requests/s; what a picker adds to Envoy alone',
    load: (seconds) => ({ rate: 1_000, seconds, timeoutSeconds: patience, work: plain }),
  },
  saturation: {
    subject: 'saturation', servers: 'fast', about: '200 tokens in, 100 out, not streamed, as many as 64 connections can',
    load: (seconds) => ({ connections: 64, seconds, timeoutSeconds: patience, work: plain }),
  },
  memory: {
    subject: 'memory', servers: 'fast', about: '4,000 prompts of 400 blocks of 64 bytes each, none like another',
    load: () => ({ connections: 8, requests: 4_000, timeoutSeconds: patience, work: { ...plain, outputTokens: 10, suffixBytes: 25_600 } }),
  },
  shared_prefixes: {
    ...placement, about: '30 prefixes of 1,900 tokens, 100 of one\'s own, 50 out, streamed, 50 requests/s',
    load: (seconds) => ({ rate: 50, seconds, ...stubborn, work: shared }),
  },
  lora: {
    ...placement, about: 'six adapters, two at a time in each server, 500 tokens in, 50 out, 50 requests/s',
    load: (seconds) => ({ rate: 50, seconds, ...stubborn, work: { ...shared, models: adapters, groups: 12, prefixBytes: 2_000 } }),
  },
  bursts: {
    ...placement, about: 'as shared_prefixes, 25 requests/s and 60 at once every 3 s',
    load: (seconds) => ({ rate: 25, burst: 60, burstSeconds: 3, seconds, ...stubborn, work: shared }),
  },
  slow_pod: {
    ...placement, about: 'as shared_prefixes at 35 requests/s, one server takes four times as long',
    load: (seconds) => ({ rate: 35, seconds, ...stubborn, work: shared }),
    during: (servers) => servers.slowDown(0, 4),
    after: (servers) => servers.slowDown(0, 1),
  },
  dead_pod: {
    ...placement, about: 'as shared_prefixes at 35 requests/s, one server dies after a third of the time and is still thought to be ready',
    load: (seconds) => ({ rate: 35, seconds, ...stubborn, work: shared }),
    async during(servers, seconds, signal) {
      await sleep((seconds * 1000) / 3, undefined, { signal });
      await servers.kill(0);
    },
    after: (servers) => servers.revive(0),
  },
  herd: {
    subject: 'herd', servers: 'simulated', about: '200 equal requests at once',
    load: () => ({ connections: 200, requests: 200, timeoutSeconds: 60, work: { ...shared, groups: 1, suffixBytes: 0, outputTokens: 20 } }),
  },
} as const satisfies Readonly<Record<string, Scenario>>;

export type ScenarioName = keyof typeof scenarios;
export const scenarioNames = Object.keys(scenarios) as readonly ScenarioName[];
