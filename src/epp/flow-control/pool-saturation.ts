import type { Endpoint } from '../endpoints/endpoint.ts';
import type { SaturationDetector } from '../scheduling/plugin.ts';
import { plays } from '../scheduling/plugins/filters/role-filters.ts';

/** How full a pool is, and each stage of it. A stage without servers is missing. */
export interface StageSaturation {
  readonly prefill?: number;
  readonly decode?: number;
  /** What counts. */
  readonly effective: number;
  /** Servers that count as full because nothing was heard of them lately. */
  readonly stale: number;
}

/**
 * How full a pool is: as full as the fuller one of its stages, where prompts are read by other servers than answers are written. Servers that
 * do both count in both; those that do neither, in none. Costs a look at each server.
 */
export class PoolSaturation {
  readonly #detector: SaturationDetector;
  /** The same list until an endpoint comes or goes. */
  readonly #endpoints: () => readonly Endpoint[];
  /** Of which the stages are known. */
  #parted: readonly Endpoint[] = [];
  #labels: readonly Endpoint['labels'][] = [];
  #stages: { readonly prefill: readonly Endpoint[]; readonly decode: readonly Endpoint[] } = { prefill: [], decode: [] };

  constructor(detector: SaturationDetector, endpoints: () => readonly Endpoint[]) {
    this.#detector = detector;
    this.#endpoints = endpoints;
  }

  get isEmpty(): boolean {
    return this.#endpoints().length === 0;
  }

  /** The larger of the stages'; that of all servers when there is no stage; of an empty pool: 1. `coming`: requests that are let in and not placed yet. */
  at(now: number, coming: number): number {
    this.#part();
    const { prefill, decode } = this.#stages;
    const saturation = this.#detector.saturation(now, decode, coming);
    return prefill.length === 0 ? saturation : Math.max(saturation, this.#detector.saturation(now, prefill, coming));
  }

  stages(now: number, coming: number): StageSaturation {
    this.#part();
    const { prefill, decode } = this.#stages;
    return {
      ...(prefill.length > 0 && { prefill: this.#detector.saturation(now, prefill, coming) }),
      ...(decode.length > 0 && { decode: this.#detector.saturation(now, decode, coming) }),
      effective: this.at(now, coming),
      stale: this.#stale(now),
    };
  }

  /** Whether it is full only by supposition: nothing was heard of any server lately. */
  isGuess(now: number): boolean {
    return this.#stale(now) === this.#endpoints().length;
  }

  #stale(now: number): number {
    return this.#detector.stale?.(now, this.#endpoints()) ?? 0;
  }

  #part(): void {
    const all = this.#endpoints();
    if (all === this.#parted && all.every(({ labels }, i) => labels === this.#labels[i])) return;
    this.#parted = all;
    this.#labels = all.map(({ labels }) => labels);
    const [prefill, decode] = [all.filter(plays.prefill), all.filter(plays.decode)];
    // Where all play no part, parts do not matter.
    this.#stages = decode.length > 0 ? { prefill, decode } : { prefill: [], decode: prefill.length > 0 ? prefill : all };
  }
}
