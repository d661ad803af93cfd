import type { Endpoint } from '../endpoints/endpoint.ts';
import type { Decision } from './plugin.ts';
import type { Profile } from './profile.ts';

/** One run of a profile, as it is remembered. */
export interface PickRecord {
  /** Counts up from 0 over all records. */
  readonly sequence: number;
  /** Milliseconds on the monotonic clock. */
  readonly at: number;
  readonly requestId: string;
  readonly model: string;
  readonly targetModel: string;
  readonly profile: string;
  /** What each filter has left, in order. */
  readonly filters: readonly { readonly name: string; readonly left: number }[];
  /** The best first. Empty when the filters left nobody. */
  readonly candidates: readonly PickedCandidate[];
  /** Names; the first is where the request was sent. */
  readonly picked: readonly string[];
  /** Name of the server that has answered; undefined as long as that is not known. */
  readonly servedBy: string | undefined;
  /** Milliseconds from the decision to the end of the answer; undefined as long as that is not known. */
  readonly endedAfter: number | undefined;
}

export interface PickedCandidate {
  readonly name: string;
  readonly total: number;
  /** By name of the scorer: its score, 0 to 1, and its weight. */
  readonly scores: Readonly<Record<string, { readonly score: number; readonly weight: number }>>;
}

/** A record as it is kept: numbers in one array, which is used again. */
interface Slot {
  sequence: number;
  at: number;
  requestId: string;
  model: string;
  targetModel: string;
  profile: Profile;
  left: Uint32Array;
  candidates: readonly Endpoint[];
  picked: readonly Endpoint[];
  /** Totals, then the scores of each scorer. */
  numbers: Float32Array;
  servedBy: Endpoint | undefined;
  endedAfter: number | undefined;
}

/** Of more candidates than these, the totals and scores of the first are kept. */
const maxCandidates = 512;

/**
 * Remembers the last runs of profiles, to be looked at afterwards: some hundred numbers are copied for each, nothing is put into words before
 * somebody asks. A log for no runs costs nothing.
 */
export class PickLog {
  readonly #size: number;
  readonly #slots: Slot[] = [];
  #next = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** Copies the last run of a profile. Returns a number for `outcome`; undefined when nothing is kept. */
  record(decision: Decision, profile: Profile, picked: readonly Endpoint[]): number | undefined {
    if (this.#size === 0) return undefined;
    const sequence = this.#next++;
    const before = this.#slots[sequence % this.#size];
    const count = Math.min(profile.candidates.length, maxCandidates);
    const wanted = count * (profile.scorers.length + 1);
    const numbers = before !== undefined && before.numbers.length >= wanted ? before.numbers : new Float32Array(wanted);
    for (let i = 0; i < count; i++) numbers[i] = profile.totals[i] as number;
    for (let s = 0; s < profile.scorers.length; s++) {
      const scores = profile.scores[s];
      for (let i = 0; i < count; i++) numbers[(s + 1) * count + i] = scores?.[i] ?? 0;
    }
    const left = before !== undefined && before.left.length === profile.left.length ? before.left : new Uint32Array(profile.left.length);
    left.set(profile.left);
    const { request, now } = decision;
    this.#slots[sequence % this.#size] = { sequence, at: now, requestId: request.id, model: request.model, targetModel: request.targetModel, profile, left, candidates: profile.candidates, picked, numbers, servedBy: undefined, endedAfter: undefined };
    return sequence;
  }

  /** Notes what has become of a pick, if it is remembered still. */
  outcome(sequence: number | undefined, now: number, servedBy?: Endpoint): void {
    const slot = sequence === undefined ? undefined : this.#slots[sequence % this.#size];
    if (slot === undefined || slot.sequence !== sequence) return;
    slot.servedBy = servedBy ?? slot.servedBy;
    slot.endedAfter = now - slot.at;
  }

  /** The latest first. */
  latest(limit = Infinity): PickRecord[] {
    return [...this.#slots].sort((a, b) => b.sequence - a.sequence).slice(0, limit).map(describe);
  }
}

function describe({ sequence, at, requestId, model, targetModel, profile, left, candidates, picked, numbers, servedBy, endedAfter }: Slot): PickRecord {
  const count = Math.min(candidates.length, maxCandidates);
  const described = candidates.slice(0, count).map(({ name }, i): PickedCandidate => ({
    name,
    total: numbers[i] ?? 0,
    scores: Object.fromEntries(profile.scorers.map(({ scorer, weight }, s) => [scorer.name, { score: numbers[(s + 1) * count + i] ?? 0, weight }])),
  }));
  return {
    sequence,
    at,
    requestId,
    model,
    targetModel,
    profile: profile.name,
    filters: profile.filters.map(({ name }, f) => ({ name, left: left[f] ?? 0 })),
    candidates: described.sort((a, b) => b.total - a.total),
    picked: picked.map(({ name }) => name),
    servedBy: servedBy?.name,
    endedAfter,
  };
}
