import type { KubeClient } from '../../kube/client.ts';
import { isConflict, isNotFound, KubeError } from '../../kube/kube-error.ts';
import type { KubeObject } from '../../kube/object.ts';
import { applyObject, deleteObject, getObject, replaceObject } from '../../kube/verbs.ts';
import { messageOf } from '../../util/error-message.ts';
import { contentHash } from '../../util/hash.ts';
import { isObject } from '../../util/json-merge.ts';
import type { Log } from '../../util/log.ts';
import { keepingClusterIp } from './cluster-ip.ts';
import { instanceLabel, instanceLabels, proxyAnnotation, selectorLabels } from './labels.ts';
import { objectKey, resourceOf } from './managed-kinds.ts';
import { objectOf } from './plan.ts';
import type { Step } from './plan.ts';
import { adoptFields } from './takeover.ts';
import type { ProxyEnvironment, WantedProxy } from './wanted-proxy.ts';

/** Who writes, in managedFields. */
const fieldManager = 'moongate';
/** Holds a Deployment's number of Pods while it goes from us to an autoscaler. */
const handoverManager = 'moongate-handover';

/** What the steps of one proxy need. */
export interface StepContext {
  readonly client: KubeClient;
  readonly environment: ProxyEnvironment;
  readonly wanted: WantedProxy | undefined;
  /** Whether the Deployment is about to get an autoscaler that it did not have. */
  readonly handsOver: boolean;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Does one step. Returns the object as it was stored; undefined when there is nothing to remember. Rejects with the object and the reason. */
export async function takeStep(step: Step, context: StepContext): Promise<KubeObject | undefined> {
  try {
    return step.kind === 'apply' ? await apply(step.object, step.stored, context) : await remove(step.stored, context);
  } catch (error) {
    // Method and path say nothing that the object's name does not.
    throw new Error(`${objectKey(objectOf(step))}: ${messageOf(error).replace(/^[A-Z]+ \/\S+: /, '')}`, { cause: error });
  }
}

async function apply(whole: KubeObject, known: KubeObject | undefined, context: StepContext): Promise<KubeObject | undefined> {
  const { client, environment, wanted, log, signal } = context;
  const resource = resourceOf(whole.kind);
  const stored = known ?? (await lookUp(whole, context));
  const object = stored === undefined ? whole : keepingClusterIp(whole, stored);
  if (object !== whole) log.warn({ object: objectKey(object) }, 'keeps its cluster IP although another one is wanted: it has to be deleted for that');
  if (known === undefined && stored !== undefined && !isOurs(stored, object, context)) {
    // A ServiceAccount that a user names may be one that has rights in some cloud.
    if (object.kind === 'ServiceAccount' && wanted?.settings?.provider?.kubernetes?.envoyServiceAccount?.name !== undefined) return undefined;
    throw new Error(`there is such an object, and it is not ours (no label ${instanceLabel}=${instanceLabels(environment)[instanceLabel]})`);
  }
  if (known === undefined && stored !== undefined) await adoptFields(client, resource, object.metadata, { manager: fieldManager, signal });
  if (context.handsOver && object.kind === 'Deployment' && stored !== undefined) await handOver(object, stored, context);
  try {
    const applied = await applyObject(client, resource, object, { fieldManager, force: true, signal });
    log.info({ object: objectKey(object), proxy: wanted?.id }, stored === undefined ? 'created' : 'changed');
    return applied;
  } catch (error) {
    if (stored === undefined || !isInvalid(error)) throw error;
    return overwrite(object, stored, context);
  }
}

async function lookUp(object: KubeObject, { client, signal }: StepContext): Promise<KubeObject | undefined> {
  try {
    return await getObject(client, resourceOf(object.kind), object.metadata, { signal });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Whether an object that is not among ours may become so: one of ours that lost its label, or one that Envoy Gateway made for the same
 * Gateway. All others, of users and of other controllers, happen to have the name that we need.
 */
function isOurs({ metadata }: KubeObject, wanted: KubeObject, { environment, wanted: proxy }: StepContext): boolean {
  const instance = metadata.labels?.[instanceLabel];
  if (instance !== undefined) return instance === instanceLabels(environment)[instanceLabel];
  if (metadata.annotations?.[proxyAnnotation] === wanted.metadata.annotations?.[proxyAnnotation]) return true;
  return proxy !== undefined && Object.entries(selectorLabels(proxy, environment)).every(([name, value]) => metadata.labels?.[name] === value);
}

/** While nobody owns the number of Pods, the API server would set it to one: whoever lets go of it has to have handed it to another one before. */
async function handOver({ apiVersion, kind, metadata }: KubeObject, stored: KubeObject, { client, signal }: StepContext): Promise<void> {
  const replicas = isObject(stored.spec) ? stored.spec['replicas'] : undefined;
  if (typeof replicas !== 'number') return;
  const only = { apiVersion, kind, metadata: { name: metadata.name, namespace: metadata.namespace ?? '' }, spec: { replicas } };
  await applyObject(client, resourceOf(kind), only, { fieldManager: handoverManager, force: true, signal });
}

/**
 * The server refuses to merge what we want into what there is: fields of somebody else's contradict ours, or a field cannot change. The first is mended by a replacement, the second by a new object. What is wrong in itself is refused again, and nothing happens.
 */
async function overwrite(object: KubeObject, stored: KubeObject, context: StepContext): Promise<KubeObject> {
  const { client, log, signal } = context;
  const resource = resourceOf(object.kind);
  try {
    const { uid, resourceVersion } = stored.metadata;
    const version = { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) };
    const whole = { ...withReplicasOf(object, stored), metadata: { ...object.metadata, ...version } };
    const replaced = await replaceObject(client, resource, whole, { fieldManager, signal });
    log.info({ object: objectKey(object) }, 'replaced: what there was could not be changed into what is wanted');
    return replaced;
  } catch (error) {
    if (!isInvalid(error) || !/immutable|may not (be )?change|cannot (be )?change|once set/i.test(error.message)) throw error;
    // Nothing is given up for an object that could not be made at all.
    const probe = { ...object, metadata: { ...object.metadata, name: `probe-${contentHash(objectKey(object)).toLowerCase().replaceAll(/[^a-z0-9]/g, '0')}` } };
    await applyObject(client, resource, probe, { fieldManager, force: true, dryRun: true, signal });
    log.warn({ object: objectKey(object), reason: error.message }, 'deleted and made anew: a field of it cannot be changed');
    await deleteObject(client, resource, object.metadata, { uid: stored.metadata.uid, signal });
    return applyObject(client, resource, object, { fieldManager, force: true, signal });
  }
}

/** A replacement without a number of Pods would mean one. */
function withReplicasOf(object: KubeObject, stored: KubeObject): KubeObject {
  if (object.kind !== 'Deployment' || !isObject(object.spec) || !isObject(stored.spec) || object.spec['replicas'] !== undefined) return object;
  return { ...object, spec: { ...object.spec, replicas: stored.spec['replicas'] } };
}

async function remove(stored: KubeObject, { client, log, signal }: StepContext): Promise<KubeObject> {
  try {
    // Somebody may have made another one under the same name in the meantime.
    await deleteObject(client, resourceOf(stored.kind), stored.metadata, { uid: stored.metadata.uid, signal });
    log.info({ object: objectKey(stored) }, 'deleted');
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
  // Until the watch says that it is gone.
  return { ...stored, metadata: { ...stored.metadata, deletionTimestamp: new Date(0).toISOString() } };
}

function isInvalid(error: unknown): error is KubeError {
  return error instanceof KubeError && error.code === 422;
}
