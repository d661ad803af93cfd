import type { Decision, Observer, ProfileResult, Stage } from '../scheduling/plugin.ts';
import type { SchedulingResult } from '../scheduling/profile-handler.ts';
import type { Endpoint } from './endpoint.ts';
import { defaultTokenCost, tokenCost, type TokenCost } from './token-cost.ts';

/** The load of one request on its way. Each of its methods may be called any number of times, in any order; what is after `end` is nothing. */
export interface Reservation {
  /** The answer has begun: the prompt has been read. */
  firstByte(): void;
  /** The proxy says who has answered: not the first choice, when that could not be reached. */
  servedBy(endpoint: Endpoint): void;
  /** The answer is complete, or the client gone, or nobody was reached. */
  end(): void;
}

/** Keeps `inFlight`, `inFlightTokens` and `inFlightByModel` of endpoints: what was reserved goes again, exactly once. */
export class Account {
  readonly #observers: readonly Observer[];
  readonly #cost: TokenCost;

  constructor({ observers = [], cost = defaultTokenCost }: { readonly observers?: readonly Observer[]; readonly cost?: TokenCost } = {}) {
    this.#observers = observers;
    this.#cost = cost;
  }

  /** Counts a decision in the same turn in which it was made, so that the next one knows of it. */
  reserve(decision: Decision, { primary, assignments }: SchedulingResult): Reservation {
    const model = decision.request.targetModel || decision.request.model;
    const loads = assignments.map(({ endpoint, stage }) => new Load(endpoint, stage, model, tokenCost(decision, endpoint, this.#cost)));
    const stages = new Map(assignments.map(({ result, stage }) => [result, stage]));
    for (const observer of this.#observers) for (const [result, stage] of stages) observer.picked?.(decision, result, stage);
    return new OneReservation(decision, primary, loads, this.#observers, this.#cost.addEstimatedOutputTokens);
  }
}

/** What one request has put on one endpoint. */
class Load {
  readonly endpoint: Endpoint;
  readonly stage: Stage;
  readonly model: string;
  #tokens: number;
  #ended = false;

  constructor(endpoint: Endpoint, stage: Stage, model: string, tokens: number) {
    this.endpoint = endpoint;
    this.stage = stage;
    this.model = model;
    this.#tokens = tokens;
    endpoint.inFlight++;
    endpoint.inFlightTokens += tokens;
    endpoint.inFlightByModel.set(model, (endpoint.inFlightByModel.get(model) ?? 0) + 1);
  }

  get tokens(): number {
    return this.#tokens;
  }

  releaseTokens(): void {
    this.endpoint.inFlightTokens -= this.#tokens;
    this.#tokens = 0;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.releaseTokens();
    this.endpoint.inFlight--;
    const others = (this.endpoint.inFlightByModel.get(this.model) ?? 1) - 1;
    if (others > 0) this.endpoint.inFlightByModel.set(this.model, others);
    else this.endpoint.inFlightByModel.delete(this.model);
  }
}

class OneReservation implements Reservation {
  readonly #decision: Decision;
  readonly #primary: ProfileResult;
  readonly #loads: Load[];
  readonly #observers: readonly Observer[];
  /** Tokens of the answer are counted, too, and so stay to its end. */
  readonly #toTheEnd: boolean;
  #answered = false;
  #ended = false;

  constructor(decision: Decision, primary: ProfileResult, loads: Load[], observers: readonly Observer[], toTheEnd: boolean) {
    this.#decision = decision;
    this.#primary = primary;
    this.#loads = loads;
    this.#observers = observers;
    this.#toTheEnd = toTheEnd;
  }

  firstByte(): void {
    if (this.#answered || this.#ended) return;
    this.#answered = true;
    for (const load of this.#loads) {
      // Stages before the answer are over when it begins.
      if (load.stage !== 'decode') load.end();
      else if (!this.#toTheEnd) load.releaseTokens();
    }
    const [first] = this.#loads;
    if (first !== undefined) for (const observer of this.#observers) observer.responded?.(this.#decision, first.endpoint);
  }

  servedBy(endpoint: Endpoint): void {
    const [first] = this.#loads;
    if (this.#ended || first === undefined || first.endpoint === endpoint) return;
    const tokens = first.tokens;
    first.end();
    this.#loads[0] = new Load(endpoint, first.stage, first.model, tokens);
    for (const observer of this.#observers) observer.picked?.(this.#decision, { ...this.#primary, endpoints: [endpoint] }, first.stage);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const load of this.#loads) load.end();
    for (const observer of this.#observers) for (const { endpoint } of this.#loads) observer.ended?.(this.#decision, endpoint);
  }
}
