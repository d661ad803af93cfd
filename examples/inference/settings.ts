/** How a simulated model server behaves. Times are in milliseconds. */
export interface Settings {
  /** Tokens of a prompt that are not in the cache. */
  readonly prefillMsPerToken: number;
  /** Of each prompt. */
  readonly prefillOverheadMs: number;
  /** From one token of an answer to the next, with one request running. */
  readonly interTokenMs: number;
  /** How much longer that is with as many requests as can run. */
  readonly loadFactor: number;
  /** All times are multiplied by it: a server with a worse accelerator, or a sick one. */
  readonly slowdown: number;
  /** Requests in the batch. */
  readonly maxRunning: number;
  /** Requests that may wait for a place there; more are refused with 503. */
  readonly maxWaiting: number;
  /** Tokens of a block of the KV cache. */
  readonly blockTokens: number;
  readonly cacheBlocks: number;
  /** Adapters that can be in use at once. */
  readonly maxLora: number;
  readonly loraLoadMs: number;
  /** Share of requests, 0 to 1, that fail with 500. */
  readonly failures: number;
  /** Nothing is answered any more, not even metrics. */
  readonly hang: boolean;
}

export const DEFAULTS: Settings = {
  prefillMsPerToken: 0.1,
  prefillOverheadMs: 5,
  interTokenMs: 10,
  loadFactor: 1.5,
  slowdown: 1,
  maxRunning: 256,
  maxWaiting: 1000,
  blockTokens: 16,
  cacheBlocks: 16_384,
  maxLora: 2,
  loraLoadMs: 200,
  failures: 0,
  hang: false,
};

/** What cannot be changed while a server runs. */
const FIXED: ReadonlySet<string> = new Set(['blockTokens', 'cacheBlocks']);

/** The largest value of any number: a week is enough for everybody. */
const MAX = 604_800_000;

/** Settings with some of them changed. Throws with a sentence that names the field. */
export function changed(settings: Settings, changes: unknown, isRunning: boolean): Settings {
  if (typeof changes !== 'object' || changes === null || Array.isArray(changes)) throw new Error('settings must be an object');
  for (const [name, value] of Object.entries(changes as Readonly<Record<string, unknown>>)) {
    const before = Object.hasOwn(DEFAULTS, name) ? DEFAULTS[name as keyof Settings] : undefined;
    if (before === undefined) throw new Error(`${name}: unknown setting; known are ${Object.keys(DEFAULTS).join(', ')}`);
    if (isRunning && FIXED.has(name)) throw new Error(`${name}: cannot be changed while the server runs`);
    if (typeof value !== typeof before) throw new Error(`${name}: must be a ${typeof before}`);
    const least = ['maxRunning', 'blockTokens', 'cacheBlocks'].includes(name) ? 1 : name === 'loadFactor' || name === 'interTokenMs' ? 0.01 : 0;
    if (typeof value === 'number' && !(value >= least && value <= (name === 'failures' ? 1 : MAX))) throw new Error(`${name}: must be from ${least} to ${name === 'failures' ? 1 : MAX}`);
  }
  return { ...settings, ...changes };
}
