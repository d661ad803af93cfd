import { isObject, setOwn } from './json-merge.ts';

/**
 * Fields of Kubernetes' own types that hold a list of objects with a key: such lists are merged, not replaced.
 * Where two types use one field name for different things, the first key that every item of the patch has counts.
 */
const listKeys: Readonly<Record<string, readonly string[]>> = {
  containers: ['name'],
  initContainers: ['name'],
  ephemeralContainers: ['name'],
  volumes: ['name'],
  volumeMounts: ['mountPath'],
  volumeDevices: ['devicePath'],
  env: ['name'],
  // Of a container, of a Service.
  ports: ['containerPort', 'port'],
  hostAliases: ['ip'],
  imagePullSecrets: ['name'],
  resourceClaims: ['name'],
  schedulingGates: ['name'],
  secrets: ['name'],
  topologySpreadConstraints: ['topologyKey'],
  ownerReferences: ['uid'],
  conditions: ['type'],
};

/** Lists of plain values that are merged as sets. */
const setFields: ReadonlySet<string> = new Set(['finalizers']);

/** Objects of which only what the patch names stays: a union, or nearly one. Volumes are such, too. */
const retainFields: ReadonlySet<string> = new Set(['strategy']);

const patchDirective = '$patch';
const retainDirective = '$retainKeys';
const deleteValues = '$deleteFromPrimitiveList/';
const elementOrder = '$setElementOrder/';

/** A patch that cannot be applied; the message says where and why. */
export class StrategicMergeError extends Error {}

/**
 * Kubernetes' strategic merge patch over its workload types (Deployment, DaemonSet, Service, HorizontalPodAutoscaler,
 * PodDisruptionBudget): like a JSON merge patch, but lists of containers, volumes, environment variables and so on are merged
 * by their items' names. The directives `$patch`, `$retainKeys`, `$deleteFromPrimitiveList` are obeyed.
 * Neither argument is changed. Throws a StrategicMergeError.
 * https://github.com/kubernetes/community/blob/main/contributors/devel/sig-api-machinery/strategic-merge-patch.md
 */
export function strategicMerge(target: unknown, patch: unknown): unknown {
  return mergeValue({ field: '', path: '' }, target, patch);
}

interface Place {
  readonly field: string;
  readonly path: string;
}

function mergeValue(place: Place, target: unknown, patch: unknown): unknown {
  if (isObject(patch)) return mergeObject(place, isObject(target) ? target : {}, patch);
  if (Array.isArray(patch)) return mergeList(place, Array.isArray(target) ? target : [], patch);
  return patch;
}

function mergeObject(place: Place, target: Readonly<Record<string, unknown>>, patch: Readonly<Record<string, unknown>>): unknown {
  const directive = patch[patchDirective];
  if (directive === 'replace') return withoutDirectives(patch);
  if (directive === 'delete') return {};
  if (directive !== undefined && directive !== 'merge') fail(place, `${patchDirective} is ${JSON.stringify(directive)}, not 'merge', 'replace' or 'delete'`);
  const merged: Record<string, unknown> = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    if (key === patchDirective || key === retainDirective || key.startsWith(elementOrder)) continue;
    if (key.startsWith(deleteValues)) {
      const field = key.slice(deleteValues.length);
      const old = merged[field];
      if (Array.isArray(old) && Array.isArray(value)) merged[field] = old.filter((item) => !value.includes(item));
    } else if (value === null) {
      delete merged[key];
    } else {
      setOwn(merged, key, mergeValue({ field: key, path: `${place.path}.${key}` }, merged[key], value));
    }
  }
  const retained = retainedKeys(place, patch);
  return retained === undefined ? merged : Object.fromEntries(Object.entries(merged).filter(([key]) => retained.has(key)));
}

function retainedKeys(place: Place, patch: Readonly<Record<string, unknown>>): ReadonlySet<string> | undefined {
  const listed = patch[retainDirective];
  if (Array.isArray(listed)) return new Set(listed.map(String));
  // `type: Recreate` over `{ type: RollingUpdate, rollingUpdate }` has to take the latter away.
  return retainFields.has(place.field) && patch['type'] !== undefined ? new Set(Object.keys(patch)) : undefined;
}

function mergeList(place: Place, target: readonly unknown[], patch: readonly unknown[]): unknown {
  if (setFields.has(place.field)) return [...target, ...patch.filter((item) => !target.includes(item))];
  const items = patch.filter((item) => !isListDirective(item));
  const replaces = patch.some((item) => isListDirective(item) && item[patchDirective] === 'replace');
  const keys = listKeys[place.field];
  if (keys === undefined || replaces) return items.map(withoutDirectives);
  const key = keys.find((name) => items.every((item) => isObject(item) && item[name] !== undefined));
  if (key === undefined) fail(place, `an item of the patch has no ${keys.join(' or ')}, by which it is found`);
  return mergeByKey(place, { key, target, items });
}

function mergeByKey(place: Place, { key, target, items }: { key: string; target: readonly unknown[]; items: readonly unknown[] }): unknown[] {
  const merged = [...target];
  for (const item of items) {
    if (!isObject(item)) continue;
    const at = merged.findIndex((old) => isObject(old) && old[key] === item[key]);
    if (item[patchDirective] === 'delete') {
      if (at !== -1) merged.splice(at, 1);
      continue;
    }
    const itemPlace = { field: '', path: `${place.path}[${key}=${String(item[key])}]` };
    // A volume has one source: that of the patch, if it names one.
    const replacesSource = place.field === 'volumes' && Object.keys(item).some((name) => name !== key && !name.startsWith('$') && isObject(item[name]));
    const old = at === -1 ? undefined : merged[at];
    const base = replacesSource && isObject(old) ? Object.fromEntries(Object.entries(old).filter(([name]) => item[name] !== undefined)) : old;
    const value = mergeValue(itemPlace, base, item);
    if (at === -1) merged.push(value);
    else merged[at] = value;
  }
  return merged;
}

/** An item such as `{ $patch: replace }`, which speaks of the whole list. */
function isListDirective(item: unknown): item is Readonly<Record<string, unknown>> {
  return isObject(item) && item[patchDirective] !== undefined && Object.keys(item).length === 1;
}

function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => !isListDirective(item)).map(withoutDirectives);
  if (!isObject(value)) return value;
  const plain: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (!key.startsWith('$') && item !== null) setOwn(plain, key, withoutDirectives(item));
  }
  return plain;
}

function fail(place: Place, reason: string): never {
  throw new StrategicMergeError(`${place.path === '' ? 'the patch' : place.path.slice(1)}: ${reason}`);
}
