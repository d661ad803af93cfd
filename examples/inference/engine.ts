import { BlockCache, blockNames, tokensOf } from './block-cache.ts';
import type { Settings } from './settings.ts';

/** What a client wants. */
export interface Work {
  readonly prompt: string;
  /** Undefined: the base model. */
  readonly adapter: string | undefined;
  readonly maxTokens: number;
  /** Some tokens are there. */
  readonly onTokens: (count: number) => void;
  /** All are. */
  readonly onEnd: () => void;
}

/** Work that was taken in. */
export interface Sequence {
  readonly work: Work;
  readonly promptTokens: number;
  /** Tokens of the prompt that were in the cache; known when it runs. */
  cachedTokens: number;
  readonly names: readonly string[];
  readonly unnamed: number;
  readonly since: number;
  state: 'waiting' | 'prefilling' | 'decoding' | 'ended';
  /** When its prompt is read. */
  readyAt: number;
  produced: number;
}

/** Counts since the start. */
export interface Totals {
  requests: number;
  promptTokens: number;
  cachedTokens: number;
  outputTokens: number;
  /** Seconds from taking in to the first token, all together, and how many took no longer than each bound. */
  firstTokenSeconds: number;
  readonly firstTokens: number[];
}

/** Bounds of `firstTokens`, in seconds. */
export const FIRST_TOKEN_BOUNDS = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, Infinity] as const;

/**
 * The time that a model server takes, without the model.
 *
 *     waiting ──a place in the batch, blocks, a place for the adapter──► prefilling ──one after the other──► decoding ──► ended
 *
 * The accelerator reads one prompt at a time, of which blocks in the cache cost nothing; with each step all that decode get one token, and steps are longer
 * the more there are. Time is an argument: `advance` does everything that is due.
 */
export class Engine {
  settings: Settings;
  readonly totals: Totals = { requests: 0, promptTokens: 0, cachedTokens: 0, outputTokens: 0, firstTokenSeconds: 0, firstTokens: FIRST_TOKEN_BOUNDS.map(() => 0) };
  readonly #cache: BlockCache;
  #waiting: Sequence[] = [];
  readonly #prefilling: Sequence[] = [];
  readonly #decoding = new Set<Sequence>();
  /** Adapters in the accelerator's memory, the longest unused first. */
  readonly #loaded = new Set<string>();
  /** How many sequences that run use an adapter. */
  readonly #inUse = new Map<string, number>();
  /** Until when a prompt is being read. */
  #laneUntil = -Infinity;
  /** When the next step ends, while there are any. */
  #stepAt = Infinity;

  constructor(settings: Settings) {
    this.settings = settings;
    this.#cache = new BlockCache(settings.cacheBlocks);
  }

  get running(): number {
    return this.#prefilling.length + this.#decoding.size;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get cacheUsage(): number {
    return this.#cache.usage;
  }

  get adapters(): { readonly running: readonly string[]; readonly waiting: readonly string[] } {
    return { running: [...this.#inUse.keys()].sort(), waiting: [...new Set(this.#waiting.flatMap(({ work }) => work.adapter ?? []))].sort() };
  }

  /** Takes work in; a reason when it cannot. */
  submit(work: Work, now: number): Sequence | 'full' | 'too long' {
    const { blockTokens, maxWaiting } = this.settings;
    const promptTokens = tokensOf(work.prompt);
    const names = blockNames(work.prompt, blockTokens, work.adapter ?? '');
    const unnamed = Math.ceil((promptTokens + work.maxTokens) / blockTokens) - names.length;
    if (!this.#cache.fits(names.length + unnamed)) return 'too long';
    this.#admit(now);
    if (this.#waiting.length >= maxWaiting && this.running >= this.settings.maxRunning) return 'full';
    const sequence: Sequence = { work, promptTokens, cachedTokens: 0, names, unnamed, since: now, state: 'waiting', readyAt: Infinity, produced: 0 };
    this.#waiting.push(sequence);
    this.#admit(now);
    return sequence;
  }

  /** The client has left. */
  cancel(sequence: Sequence, now: number): void {
    if (sequence.state === 'ended') return;
    if (sequence.state === 'waiting') this.#waiting = this.#waiting.filter((one) => one !== sequence);
    this.#end(sequence, now);
  }

  /** Does what is due until `now`. */
  advance(now: number): void {
    const produced = new Map<Sequence, number>();
    for (let at = this.next; at <= now; at = this.next) {
      const [first] = this.#prefilling;
      if (first !== undefined && first.readyAt < this.#stepAt) this.#startDecoding(first, at, produced);
      else this.#step(at, produced);
    }
    for (const [sequence, count] of produced) {
      sequence.work.onTokens(count);
      if (sequence.produced >= sequence.work.maxTokens) sequence.work.onEnd();
    }
  }

  /** When there is something to do; Infinity: nothing. */
  get next(): number {
    return Math.min(this.#stepAt, this.#prefilling[0]?.readyAt ?? Infinity);
  }

  #startDecoding(sequence: Sequence, at: number, produced: Map<Sequence, number>): void {
    this.#prefilling.shift();
    sequence.state = 'decoding';
    this.#decoding.add(sequence);
    const seconds = (at - sequence.since) / 1000;
    const { totals } = this;
    totals.firstTokenSeconds += seconds;
    for (const [index, bound] of FIRST_TOKEN_BOUNDS.entries()) if (seconds <= bound) totals.firstTokens[index] = (totals.firstTokens[index] ?? 0) + 1;
    if (this.#stepAt === Infinity) this.#stepAt = at + this.#stepMs;
    this.#produce(sequence, at, produced);
  }

  #step(at: number, produced: Map<Sequence, number>): void {
    for (const sequence of this.#decoding) this.#produce(sequence, at, produced);
    this.#stepAt = this.#decoding.size === 0 ? Infinity : at + this.#stepMs;
  }

  #produce(sequence: Sequence, at: number, produced: Map<Sequence, number>): void {
    sequence.produced++;
    this.totals.outputTokens++;
    produced.set(sequence, (produced.get(sequence) ?? 0) + 1);
    if (sequence.produced >= sequence.work.maxTokens) this.#end(sequence, at);
  }

  get #stepMs(): number {
    const { interTokenMs, loadFactor, slowdown, maxRunning } = this.settings;
    const load = maxRunning === 1 ? 0 : Math.min(1, Math.max(0, this.running - 1) / (maxRunning - 1));
    return Math.max(0.01, interTokenMs * slowdown) * (1 + (loadFactor - 1) * load);
  }

  #end(sequence: Sequence, now: number): void {
    const { state } = sequence;
    sequence.state = 'ended';
    if (state === 'waiting') return;
    this.#decoding.delete(sequence);
    const index = this.#prefilling.indexOf(sequence);
    if (index >= 0) this.#prefilling.splice(index, 1);
    if (this.#decoding.size === 0) this.#stepAt = Infinity;
    this.#cache.give(sequence.names, sequence.unnamed);
    if (sequence.work.adapter !== undefined) this.#count(sequence.work.adapter, -1);
    this.#admit(now);
  }

  /** Lets in who can be, in order; who waits for an adapter's place is overtaken. */
  #admit(now: number): void {
    const left: Sequence[] = [];
    for (const [index, sequence] of this.#waiting.entries()) {
      const cached = this.running >= this.settings.maxRunning ? undefined : this.#enter(sequence);
      if (cached === undefined) {
        left.push(...this.#waiting.slice(index));
        break;
      }
      if (cached === 'adapter') left.push(sequence);
      else this.#startPrefill(sequence, cached, now);
    }
    this.#waiting = left;
  }

  /** How many blocks of a sequence are cached, if there is room for it. */
  #enter({ work: { adapter }, names, unnamed }: Sequence): number | 'adapter' | undefined {
    if (adapter !== undefined && !this.#inUse.has(adapter) && this.#inUse.size >= this.settings.maxLora) return 'adapter';
    return this.#cache.take(names, unnamed);
  }

  #startPrefill(sequence: Sequence, cachedBlocks: number, now: number): void {
    const { blockTokens, prefillMsPerToken, prefillOverheadMs, slowdown } = this.settings;
    const { promptTokens, work } = sequence;
    // The last token has to be computed in any case.
    sequence.cachedTokens = Math.min(cachedBlocks * blockTokens, Math.max(0, promptTokens - 1));
    const loadMs = work.adapter === undefined ? 0 : this.#load(work.adapter);
    const ms = (prefillOverheadMs + (promptTokens - sequence.cachedTokens) * prefillMsPerToken + loadMs) * slowdown;
    this.#laneUntil = sequence.readyAt = Math.max(now, this.#laneUntil) + ms;
    if (work.adapter !== undefined) this.#count(work.adapter, 1);
    sequence.state = 'prefilling';
    this.#prefilling.push(sequence);
    this.totals.requests++;
    this.totals.promptTokens += promptTokens;
    this.totals.cachedTokens += sequence.cachedTokens;
  }

  #load(adapter: string): number {
    const { maxLora, loraLoadMs } = this.settings;
    const isLoaded = this.#loaded.delete(adapter);
    for (const one of this.#loaded) if (this.#loaded.size >= maxLora && !this.#inUse.has(one)) this.#loaded.delete(one);
    this.#loaded.add(adapter);
    return isLoaded ? 0 : loraLoadMs;
  }

  #count(adapter: string, change: number): void {
    const users = (this.#inUse.get(adapter) ?? 0) + change;
    if (users > 0) this.#inUse.set(adapter, users);
    else this.#inUse.delete(adapter);
  }
}
