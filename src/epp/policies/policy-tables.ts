import { defaultPriority, levels } from './priority.ts';
import type { ModelRule, ModelTarget, PolicyTables } from './pool-policies.ts';
import { shares, type Weighted } from './share.ts';
import { claimOf, type AnyInferenceModel } from '../../api/inference-model.ts';
import type { Objects } from '../../api/kinds.ts';
import { byAge, type Resource } from '../../api/resource.ts';

/** An InferenceObjective of either group. */
export type AnyObjective = Resource<string, Objects['InferenceObjective']>;

/** An InferenceModelRewrite of either group. */
export type AnyRewrite = Resource<string, Objects['InferenceModelRewrite']>;

/** All objects that refer to one pool, in any order. */
export interface PolicyObjects {
  readonly objectives: readonly AnyObjective[];
  readonly rewrites: readonly AnyRewrite[];
  readonly models: readonly AnyInferenceModel[];
}

/**
 * What the objects of a pool come to. For a model counts, in this order: a rule of an InferenceModelRewrite that names it, its InferenceModel, a rule for
 * all models; of several alike that of the oldest object, and in it the first.
 */
export function policyTables({ objectives, rewrites, models }: PolicyObjects): PolicyTables {
  const exact = new Map<string, ModelRule>();
  let catchAll: ModelRule | undefined;
  for (const { matches, rule } of rewrites.toSorted(byAge).flatMap(rulesOf)) {
    if (matches.length === 0) catchAll ??= rule;
    for (const model of matches) if (!exact.has(model)) exact.set(model, rule);
  }
  const modelPriorities = new Map<string, number>();
  for (const resource of models.toSorted(byAge)) {
    const model = claimOf(resource)?.model;
    if (model === undefined || modelPriorities.has(model)) continue;
    modelPriorities.set(model, priorityOf(resource));
    const rule = ruleOf(resource);
    if (rule !== undefined && !exact.has(model)) exact.set(model, rule);
  }
  return {
    objectives: new Map(objectives.map(({ metadata, object }) => [metadata.name, object.spec?.priority ?? defaultPriority])),
    modelPriorities,
    exact,
    catchAll,
  };
}

function rulesOf(rewrite: AnyRewrite): { readonly matches: readonly string[]; readonly rule: ModelRule }[] {
  return (rewrite.object.spec?.rules ?? []).map(({ matches = [], targets = [] }, i) => ({
    matches: matches.map(({ model }) => model.value),
    rule: { rule: `InferenceModelRewrite ${rewrite.key} spec.rules[${i}]`, targets: shares(targets.map(({ modelRewrite, weight }) => ({ option: { model: modelRewrite }, weight }))) },
  }));
}

function priorityOf(resource: AnyInferenceModel): number {
  const level = resource.kind === 'InferenceModel' ? resource.object.spec?.criticality : resource.object.spec.routing?.priority;
  return level === undefined ? defaultPriority : levels[level];
}

/** How an InferenceModel spreads the requests for its model, if it does. */
function ruleOf(resource: AnyInferenceModel): ModelRule | undefined {
  const targets = targetsOf(resource);
  return targets.length === 0 ? undefined : { rule: `InferenceModel ${resource.key}`, targets: shares(targets) };
}

function targetsOf(resource: AnyInferenceModel): Weighted<ModelTarget>[] {
  if (resource.kind === 'InferenceModel') return (resource.object.spec?.targetModels ?? []).map(({ name, weight }) => ({ option: { model: name }, weight }));
  return (resource.object.spec.routing?.trafficSplit ?? []).map(({ version, weight }) => ({ option: { version }, weight }));
}
