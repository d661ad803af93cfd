import type { FlowControlConfig, PriorityBandTemplate } from '../config/endpoint-picker-config.ts';
import { Band, type BandPolicies } from './band.ts';

/** Milliseconds without a request after which a priority goes that nobody has configured. */
export const bandIdleMs = 10 * 60_000;

/** Priorities at a time, those that are configured left aside; each costs all others a look at every attempt to dispatch a request. */
export const maxDynamicBands = 256;

/** The bands of a pool, the highest priority first. Those that are not configured come and go. */
export class Bands {
  readonly #config: FlowControlConfig;
  readonly #policies: (template: PriorityBandTemplate) => BandPolicies;
  #all: readonly Band[];
  #priorities: readonly number[] = [];
  #dynamic = 0;
  #nextSweep = -Infinity;

  constructor(config: FlowControlConfig, policies: (template: PriorityBandTemplate) => BandPolicies) {
    this.#config = config;
    this.#policies = policies;
    this.#all = config.bands.map((template) => new Band(template.priority, false, template, policies(template)));
    this.#changed();
  }

  get all(): readonly Band[] {
    return this.#all;
  }

  /** Of `all`, in the same order. */
  get priorities(): readonly number[] {
    return this.#priorities;
  }

  /** The band of a priority, made when there is none; undefined: there are too many. */
  of(priority: number, now: number): Band | undefined {
    this.#sweep(now);
    const band = this.#find(priority) ?? this.#make(priority, now);
    if (band !== undefined) band.usedAt = now;
    return band;
  }

  #find(priority: number): Band | undefined {
    for (const band of this.#all) if (band.priority === priority) return band;
    return undefined;
  }

  #make(priority: number, now: number): Band | undefined {
    if (this.#dynamic >= maxDynamicBands) this.#remove((band) => band.size === 0);
    if (this.#dynamic >= maxDynamicBands) return undefined;
    const template = priority < 0 ? this.#config.defaultNegativeBand : this.#config.defaultBand;
    const band = new Band(priority, true, template, this.#policies(template));
    this.#all = [...this.#all, band].sort((a, b) => b.priority - a.priority);
    this.#nextSweep = Math.min(this.#nextSweep, now + bandIdleMs);
    this.#changed();
    return band;
  }

  /** Looks as seldom as something can be found. */
  #sweep(now: number): void {
    if (now < this.#nextSweep) return;
    this.#remove((band) => band.size === 0 && now - band.usedAt >= bandIdleMs);
    let oldest = now;
    for (const { isDynamic, usedAt } of this.#all) if (isDynamic) oldest = Math.min(oldest, usedAt);
    this.#nextSweep = Math.max(oldest + bandIdleMs, now + 1000);
  }

  #remove(isUnused: (band: Band) => boolean): void {
    const kept = this.#all.filter((band) => !band.isDynamic || !isUnused(band));
    if (kept.length === this.#all.length) return;
    this.#all = kept;
    this.#changed();
  }

  #changed(): void {
    this.#priorities = this.#all.map(({ priority }) => priority);
    this.#dynamic = this.#all.filter(({ isDynamic }) => isDynamic).length;
  }
}
