import type { Endpoint } from '../endpoints/endpoint.ts';
import { messageOf } from '../../util/error-message.ts';
import type { Admitter, DataProducer, Decision, Observer, Plugin, ProfileResult } from './plugin.ts';
import type { Profile } from './profile.ts';
import { isRefusal, type ProfileHandler, type Refusal, type SchedulingResult } from './profile-handler.ts';

interface SchedulerParts {
  /** In an order in which each comes after those that it reads. */
  readonly producers: readonly DataProducer[];
  readonly admitters?: readonly Admitter[];
  readonly handler: ProfileHandler;
  readonly profiles: readonly Profile[];
  /** All plugins that hear of requests, scorers and producers among them. */
  readonly observers: readonly Observer[];
  /** Fulfilled after so many milliseconds. */
  readonly sleep: (ms: number) => Promise<unknown>;
  /** Told when a producer fails or takes too long. The decision goes on without it. */
  readonly failed?: (producer: Plugin, reason: string) => void;
}

/** How long a decision waits for one producer. */
export const producerTimeoutMs = 400;

/** Profiles that a handler may run for one request; a handler that never has enough is a bug. */
const maxRuns = 16;

/**
 * Chooses servers in two steps: `prepare` may wait, `pick` does not. What was reserved for one request in the same turn as its `pick` is there for
 * the next `pick`, whichever of them began first.
 */
export class Scheduler {
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly handler: ProfileHandler;
  readonly observers: readonly Observer[];
  readonly #names: ReadonlySet<string>;
  readonly #producers: readonly DataProducer[];
  readonly #admitters: readonly Admitter[];
  readonly #sleep: SchedulerParts['sleep'];
  readonly #failed: NonNullable<SchedulerParts['failed']>;

  constructor({ producers, admitters = [], handler, profiles, observers, sleep, failed = () => {} }: SchedulerParts) {
    this.profiles = new Map(profiles.map((profile) => [profile.name, profile]));
    this.#names = new Set(this.profiles.keys());
    this.handler = handler;
    this.observers = observers;
    this.#producers = producers;
    this.#admitters = admitters;
    this.#sleep = sleep;
    this.#failed = failed;
  }

  /** Runs the data producers. A promise only if one of them has to wait; it is never rejected. */
  prepare(decision: Decision, candidates: readonly Endpoint[]): Promise<void> | undefined {
    return candidates.length === 0 ? undefined : this.#produce(decision, candidates, 0);
  }

  #produce(decision: Decision, candidates: readonly Endpoint[], from: number): Promise<void> | undefined {
    for (let i = from; i < this.#producers.length; i++) {
      const producer = this.#producers[i] as DataProducer;
      try {
        const waiting = producer.produce(decision, candidates);
        if (waiting !== undefined) return this.#await(producer, waiting).then(() => this.#produce(decision, candidates, i + 1));
      } catch (error) {
        this.#failed(producer, messageOf(error));
      }
    }
    return undefined;
  }

  async #await(producer: DataProducer, work: Promise<void>): Promise<void> {
    const late = this.#sleep(producerTimeoutMs).then(() => 'late');
    try {
      if ((await Promise.race([work, late])) === 'late') this.#failed(producer, `took more than ${producerTimeoutMs} ms`);
    } catch (error) {
      this.#failed(producer, messageOf(error));
    }
    // Whatever comes of it later, nobody waits for it.
    void work.catch(() => {});
  }

  /** Runs profiles as the handler says. `candidates` has to stay as it is. */
  pick(decision: Decision, candidates: readonly Endpoint[]): SchedulingResult | Refusal {
    if (candidates.length === 0) return { kind: 'no-endpoints' };
    for (const admitter of this.#admitters) if (!admitter.admits(decision, candidates)) return { kind: 'turned-away', admitter: admitter.name };
    const results = new Map<string, ProfileResult | undefined>();
    for (let runs = 0; ; runs++) {
      const name = this.handler.next(decision, this.#names, results);
      if (name === undefined) break;
      const profile = this.profiles.get(name);
      if (profile === undefined || runs >= maxRuns) throw new Error(`profile handler "${this.handler.name}" asked for profile "${name}" after ${runs} others`);
      results.set(name, profile.run(decision, candidates));
    }
    const outcome = this.handler.finish(decision, results);
    if (!isRefusal(outcome) || outcome.kind !== 'filtered' || outcome.filter !== '') return outcome;
    return { ...outcome, filter: this.profiles.get(outcome.profile)?.emptiedBy ?? '' };
  }

  /** Forgets an endpoint that is not in its pool any more; before its slot is given out again. */
  removed(endpoint: Endpoint): void {
    for (const observer of this.observers) observer.removed?.(endpoint);
  }
}
