import type { Endpoint } from '../endpoints/endpoint.ts';
import type { Decision, Filter, Picker, ProfileResult, Scorer } from './plugin.ts';

export interface WeightedScorer {
  readonly scorer: Scorer;
  readonly weight: number;
}

interface ProfileParts {
  readonly name: string;
  readonly filters: readonly Filter[];
  readonly scorers: readonly WeightedScorer[];
  readonly picker: Picker;
}

/**
 * Filters in order, then the sum of weight × score of all scorers, then the picker. What the last run has found out stays in arrays
 * that the next run overwrites: looking into it costs nothing to those who do not.
 */
export class Profile {
  readonly name: string;
  readonly filters: readonly Filter[];
  readonly scorers: readonly WeightedScorer[];
  readonly picker: Picker;
  /** Scores of the last run, 0 to 1: those of `scorers[s]` in `scores[s]`, in the order of `candidates`. */
  readonly scores: readonly Float64Array[] = [];
  /** How many each filter of the last run has left. */
  readonly left: Uint32Array;
  /** Of the last run; empty when the filters left nobody. */
  candidates: readonly Endpoint[] = [];
  /** Of the last run; empty when the filters left nobody. */
  totals = new Float64Array(0);

  constructor({ name, filters, scorers, picker }: ProfileParts) {
    this.name = name;
    this.filters = filters;
    this.scorers = scorers;
    this.picker = picker;
    this.left = new Uint32Array(filters.length);
  }

  /** undefined: the filters left nobody; `emptiedBy` says which one took the last. */
  run(decision: Decision, pool: readonly Endpoint[]): ProfileResult | undefined {
    let candidates = pool;
    this.left.fill(0);
    for (let f = 0; f < this.filters.length; f++) {
      candidates = (this.filters[f] as Filter).filter(decision, candidates);
      this.left[f] = candidates.length;
      if (candidates.length === 0) break;
    }
    this.candidates = candidates;
    if (candidates.length === 0) return undefined;
    this.#grow(candidates.length);
    this.#score(decision, candidates);
    const endpoints = this.picker.pick(decision, candidates, this.totals);
    return { profile: this.name, endpoints, candidates, totals: this.totals };
  }

  /** Name of the filter that left nobody in the last run; '' when there was one. */
  get emptiedBy(): string {
    return this.filters[this.left.indexOf(0)]?.name ?? '';
  }

  #score(decision: Decision, candidates: readonly Endpoint[]): void {
    const { totals } = this;
    const count = candidates.length;
    totals.fill(0, 0, count);
    for (let s = 0; s < this.scorers.length; s++) {
      const { scorer, weight } = this.scorers[s] as WeightedScorer;
      const scores = this.scores[s] as Float64Array;
      scorer.score(decision, candidates, scores);
      for (let i = 0; i < count; i++) {
        const score = scores[i] as number;
        // Not a number is no score.
        const clamped = score > 0 ? Math.min(score, 1) : 0;
        scores[i] = clamped;
        totals[i] = (totals[i] as number) + weight * clamped;
      }
    }
  }

  #grow(count: number): void {
    if (this.totals.length >= count && this.scores.length === this.scorers.length) return;
    const room = Math.max(16, 2 ** Math.ceil(Math.log2(count)));
    this.totals = new Float64Array(room);
    (this.scores as Float64Array[]).splice(0, Infinity, ...this.scorers.map(() => new Float64Array(room)));
  }
}
