import { defaultPriority } from './priority.ts';
import { choose, type Shares } from './share.ts';
import { equal } from '../../util/equal.ts';

/** What becomes of the requests for a model. */
export interface ModelRule {
  /** Object and place, for people: `InferenceModelRewrite models/canary spec.rules[0]`. */
  readonly rule: string;
  readonly targets: Shares<ModelTarget>;
}

/** Where a share of requests goes. Neither field: to any server, with the model that the client named. */
export interface ModelTarget {
  /** The model that servers are asked for. */
  readonly model?: string;
  /** Servers of this version are to answer, see `serversOfVersion`. */
  readonly version?: string;
}

/** A decision about a request's model. */
export interface Rewrite {
  /** The model that servers are asked for. */
  readonly target: string;
  /** Servers of this version are to answer; undefined: any. */
  readonly version?: string;
  /** Which rule decided; undefined: none is for the model. */
  readonly rule?: string;
}

/** Everything that objects say about the requests to a pool. */
export interface PolicyTables {
  /** Priorities of InferenceObjectives, by name. */
  readonly objectives: ReadonlyMap<string, number>;
  /** Priorities that InferenceModels give, by model. */
  readonly modelPriorities: ReadonlyMap<string, number>;
  /** Rules for single models, by model. */
  readonly exact: ReadonlyMap<string, ModelRule>;
  /** For models without a rule of their own. */
  readonly catchAll: ModelRule | undefined;
}

/** What is asked of policies for each request: neither allocates more than its answer. */
export class PoolPolicies {
  readonly tables: PolicyTables;

  constructor(tables: PolicyTables) {
    this.tables = tables;
  }

  /** Whether the model of any request may be replaced by another. */
  get rewrites(): boolean {
    return this.tables.catchAll !== undefined || this.tables.exact.size > 0;
  }

  /**
   * The priority of a request: that of the InferenceObjective that it names, else that of its model, else 0. A name that no InferenceObjective of the
   * pool has counts as none.
   */
  priorityOf(objective: string | undefined, model = ''): number {
    const named = objective === undefined ? undefined : this.tables.objectives.get(objective);
    return named ?? this.tables.modelPriorities.get(model) ?? defaultPriority;
  }

  /** What a request for a model asks servers for. `random` gives a number from 0 up to 1. */
  rewrite(model: string, random: () => number): Rewrite {
    const found = this.tables.exact.get(model) ?? this.tables.catchAll;
    if (found === undefined) return { target: model };
    const { rule, targets } = found;
    const { model: target = model, version } = choose(targets, random) ?? {};
    return version === undefined ? { target, rule } : { target, version, rule };
  }
}

/** Whether two policies decide alike. */
export function samePolicies(a: PoolPolicies, b: PoolPolicies): boolean {
  return equal(a.tables, b.tables);
}

/** Of a pool of which nobody says anything. */
export const noPolicies = new PoolPolicies({ objectives: new Map(), modelPriorities: new Map(), exact: new Map(), catchAll: undefined });
