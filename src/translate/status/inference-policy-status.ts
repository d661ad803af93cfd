import type { BackendUser } from './backend-users.ts';
import { objectStatus, type ObjectStatus } from './object-status.ts';
import { condition } from '../conditions.ts';
import type { PoolState } from '../inference/pools.ts';
import type { Inputs, Resources, Settings } from '../inputs.ts';
import { claimOf, type AnyInferenceModel, type ModelClaim } from '../../api/inference-model.ts';
import { referredPool, type PoolReference } from '../../api/inference-pool.ts';
import { apiVersionOf, kindNamed, type KindName } from '../../api/kinds.ts';
import { byAge, keyOf, type Resource } from '../../api/resource.ts';
import type { Collection, Read } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';

/** What the statuses of objects that speak of the requests to a pool are made from. */
export interface PolicyStatusSources {
  readonly inputs: Inputs;
  readonly settings: Settings;
  readonly pools: Collection<PoolState>;
  /** Gateways of ours with routes to a pool. */
  readonly users: Collection<readonly BackendUser[]>;
}

/** An object with a `poolRef`. */
type Referring = Resource<string, { readonly spec?: { readonly poolRef: PoolReference } }>;

interface Verdict {
  readonly status: boolean | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

/** `status` of InferenceObjectives, InferenceModelRewrites and InferenceModels: whether requests to their pool go by them. */
export function inferencePolicyStatuses(graph: Graph, from: PolicyStatusSources): Collection<ObjectStatus>[] {
  const { resources } = from.inputs;
  const statusesOf = <Object extends Referring>(kind: KindName, objects: Collection<Object>, judged: (object: Object, read: Read) => Verdict): Collection<ObjectStatus> =>
    graph.derive(`${kind}-status`, objects, (object, read) => {
      const standing = standingOf(read, object, from);
      if (standing === 'foreign') return undefined;
      const verdict = standing === 'sound' ? judged(object, read) : standing;
      return objectStatus(kind, object.key, { conditions: [condition('Accepted', verdict.status, { ...verdict, generation: object.metadata.generation })] });
    });
  const { InferenceObjective, XInferenceObjective, InferenceModelRewrite, XInferenceModelRewrite, InferenceModel, RoutedInferenceModel } = resources;
  const rivals = modelRivals(resources);
  return [
    statusesOf('InferenceObjective', InferenceObjective, () => accepted('InferenceObjective')),
    statusesOf('XInferenceObjective', XInferenceObjective, ({ key }, read) => superseded(read, InferenceObjective, key) ?? accepted('InferenceObjective')),
    statusesOf('InferenceModelRewrite', InferenceModelRewrite, () => accepted('InferenceModelRewrite')),
    statusesOf('XInferenceModelRewrite', XInferenceModelRewrite, ({ key }, read) => superseded(read, InferenceModelRewrite, key) ?? accepted('InferenceModelRewrite')),
    statusesOf('InferenceModel', InferenceModel, (model, read) => modelVerdict(model, (claim) => rivals(read, claim))),
    statusesOf('RoutedInferenceModel', RoutedInferenceModel, (model, read) => modelVerdict(model, (claim) => rivals(read, claim))),
  ];
}

function accepted(kind: string, more = ''): Verdict {
  return { status: true, reason: 'Accepted', message: `${kind} is accepted${more}` };
}

/**
 * How an object stands by its pool. In a cluster it may be another controller's business, `foreign`, unless routes of ours lead to the pool and our own picker is
 * asked there.
 */
function standingOf(read: Read, { metadata: { namespace }, object: { spec } }: Referring, { settings, pools, users }: PolicyStatusSources): Verdict | 'sound' | 'foreign' {
  const key = referredPool(namespace, spec?.poolRef);
  if (!settings.ownsEverything) {
    const isOurs = key !== undefined && read.get(pools, key)?.picker.service?.dialect === 'own' && read.get(users, key) !== undefined;
    return isOurs ? 'sound' : 'foreign';
  }
  const { kind = '', group = '', name = '' } = spec?.poolRef ?? {};
  if (key === undefined) return { status: false, reason: 'InvalidPoolRef', message: `spec.poolRef: ${kind} ${keyOf(namespace, name)} of ${group === '' ? 'the core group' : group} is no InferencePool` };
  if (read.get(pools, key) !== undefined) return 'sound';
  return { status: 'Unknown', reason: 'Pending', message: `spec.poolRef: InferencePool ${key} does not exist` };
}

/** What is to be said of an object of a former group where the present group has one of its name. */
function superseded(read: Read, present: Collection<Resource>, key: string): Verdict | undefined {
  const found = read.get(present, key);
  if (found === undefined) return undefined;
  const kind = kindNamed(found.kind as KindName);
  return { status: false, reason: 'Superseded', message: `${kind.objectKind} ${key} of ${apiVersionOf(kind, kind.storageVersion)} has taken its place` };
}

/** Finds all InferenceModels for a claim, the one that counts first. */
function modelRivals({ InferenceModel, RoutedInferenceModel }: Pick<Resources, 'InferenceModel' | 'RoutedInferenceModel'>): (read: Read, claim: ModelClaim) => readonly AnyInferenceModel[] {
  const claims = (model: AnyInferenceModel): string[] => [claimOf(model) ?? []].flat().map(claimKey);
  const indexes = [InferenceModel.index('claim', claims), RoutedInferenceModel.index('claim', claims)];
  return (read, claim) => indexes.flatMap((index): readonly AnyInferenceModel[] => read.where<AnyInferenceModel>(index, claimKey(claim))).toSorted(byAge);
}

function claimKey({ pool, model }: ModelClaim): string {
  return `${pool}/${model}`;
}

/** "The oldest InferenceModel, based on creation timestamp, will be selected to remain valid." */
function modelVerdict(resource: AnyInferenceModel, rivals: (claim: ModelClaim) => readonly AnyInferenceModel[]): Verdict {
  const claim = claimOf(resource);
  if (claim === undefined) return { status: false, reason: 'Invalid', message: 'spec.modelName is empty' };
  const [oldest] = rivals(claim);
  if (oldest !== undefined && (oldest.kind !== resource.kind || oldest.key !== resource.key)) {
    const { group } = kindNamed(oldest.kind);
    return { status: false, reason: 'ModelNameInUse', message: `Model ${claim.model} of InferencePool ${claim.pool} is that of InferenceModel ${oldest.key} of ${group}, which is older or comes first` };
  }
  const versions = resource.kind === 'RoutedInferenceModel' ? (resource.object.spec.routing?.trafficSplit ?? []).map(({ version }) => version) : [];
  return accepted('InferenceModel', versions.length === 0 ? '' : `: requests for model ${claim.model} go to servers with the label version: ${versions.join(' or ')}, and to any where none has it`);
}
