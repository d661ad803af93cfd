/* What a fake API server keeps: objects, their versions and what happened to them. More than 300 lines, since a write is one chain of checks that belongs together. */
import { randomUUID } from 'node:crypto';
import type { KubeResource } from '../resource.ts';
import { fitsFields, fitsLabels } from './selectors/testing.ts';

export type Json = Record<string, unknown>;

export interface FakeMetadata {
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  managedFields?: unknown;
}

/** A stored object. It has no apiVersion: that is the reader's choice. */
export interface FakeObject {
  readonly kind: string;
  readonly metadata: FakeMetadata;
  readonly [field: string]: unknown;
}

/** A resource as the fake serves it. */
export interface FakeResource extends Omit<KubeResource, 'version'> {
  /** The first one is what objects are created in. */
  readonly versions: readonly string[];
  /** What tests call it, where another one has the same kind. */
  readonly alias?: string;
  /** Whether status is a subresource: writes of the object leave it alone, and the other way round. */
  readonly hasStatus: boolean;
  /** Whether changes of the content are counted. */
  readonly hasGeneration: boolean;
}

export interface FakeEvent {
  readonly resourceVersion: number;
  readonly resource: string;
  /** Undefined: it was created. */
  readonly before: FakeObject | undefined;
  /** Undefined: it was deleted. */
  readonly after: FakeObject | undefined;
}

/** A refusal, as the API server words it. */
export class Refusal extends Error {
  readonly code: number;
  readonly reason: string;

  constructor(code: number, reason: string, message: string) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

export interface Selection {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

/** Options of a write. */
export interface FakeWrite {
  readonly subresource?: string | undefined;
  readonly manager?: string | undefined;
  readonly force?: boolean;
}

/** Name of a resource whatever the version. */
export function resourceId({ group, plural }: { readonly group: string; readonly plural: string }): string {
  return `${group}/${plural}`;
}

export function selects(selection: Selection, object: FakeObject): boolean {
  const { namespace, labelSelector, fieldSelector } = selection;
  return (namespace === undefined || object.metadata.namespace === namespace)
    && fitsLabels(labelSelector, object.metadata.labels ?? {})
    && fitsFields(fieldSelector, object);
}

export class FakeStore {
  readonly #resources = new Map<string, FakeResource>();
  readonly #objects = new Map<string, Map<string, FakeObject>>();
  /** Leaves that a manager applied: object → manager → paths. */
  readonly #applied = new Map<string, Map<string, ReadonlySet<string>>>();
  readonly #listeners = new Set<(event: FakeEvent) => void>();
  #events: FakeEvent[] = [];
  #version = 100;
  #compacted = 100;

  get resources(): ReadonlyMap<string, FakeResource> {
    return this.#resources;
  }

  get version(): number {
    return this.#version;
  }

  /** Serves a resource from here on. */
  install(resource: FakeResource): void {
    this.#resources.set(resourceId(resource), resource);
    this.#objects.set(resourceId(resource), this.#objects.get(resourceId(resource)) ?? new Map());
  }

  /** Deletes all objects of a resource and serves it no more, as when a CRD is deleted. */
  uninstall(id: string): void {
    for (const object of [...(this.#objects.get(id)?.values() ?? [])]) this.#commit(id, object, undefined);
    this.#resources.delete(id);
    this.#objects.delete(id);
  }

  onEvent(listener: (event: FakeEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What happened after a version; throws 410 when that was forgotten. */
  eventsSince(version: number): readonly FakeEvent[] {
    if (version < this.#compacted) throw new Refusal(410, 'Expired', `too old resource version: ${version} (${this.#compacted})`);
    return this.#events.filter((event) => event.resourceVersion > version);
  }

  /** Forgets what happened up to now. */
  compact(): void {
    this.#compacted = this.#version;
    this.#events = [];
  }

  get compacted(): number {
    return this.#compacted;
  }

  /** All that is needed to `restore` this moment. */
  backup(): ReadonlyMap<string, ReadonlyMap<string, FakeObject>> {
    return new Map([...this.#objects].map(([id, objects]) => [id, new Map(objects)]));
  }

  /** Another history: that of a backup, under numbers that begin low again. Nobody is told; a real server was away meanwhile. */
  restore(backup: ReadonlyMap<string, ReadonlyMap<string, FakeObject>>, version = 50): void {
    this.#version = version;
    this.#compacted = 0;
    this.#events = [];
    for (const [id, objects] of backup) this.#objects.set(id, new Map(objects));
  }

  list(id: string, selection: Selection): FakeObject[] {
    const objects = [...(this.#objects.get(id)?.values() ?? [])].filter((object) => selects(selection, object));
    return objects.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  }

  get(id: string, key: string): FakeObject {
    const object = this.#objects.get(id)?.get(key);
    if (object === undefined) throw new Refusal(404, 'NotFound', `${id} "${key}" not found`);
    return object;
  }

  create(id: string, input: Json, namespace: string | undefined, { manager = 'fake' }: FakeWrite = {}): FakeObject {
    const resource = this.#resource(id);
    const { apiVersion: _, status, ...content } = input;
    const metadata = (input['metadata'] ?? {}) as Partial<FakeMetadata> & { generateName?: string };
    const name = metadata.name ?? (metadata.generateName === undefined ? '' : metadata.generateName + randomUUID().slice(0, 5));
    if (name === '') throw new Refusal(422, 'Invalid', `${resource.kind}: metadata.name: Required value: name or generateName is required`);
    const object: FakeObject = {
      ...content,
      ...(resource.hasStatus || status === undefined ? {} : { status }),
      kind: resource.kind,
      metadata: {
        ...metadata,
        name,
        ...(resource.namespaced && namespace !== undefined ? { namespace } : {}),
        uid: randomUUID(),
        resourceVersion: '',
        creationTimestamp: '2026-01-01T00:00:00Z',
        ...(resource.hasGeneration ? { generation: 1 } : {}),
        managedFields: [{ manager, operation: 'Update', fieldsV1: {} }],
      },
    };
    if (this.#objects.get(id)?.has(keyOf(object)) === true) throw new Refusal(409, 'AlreadyExists', `${resource.plural} "${name}" already exists`);
    return this.#commit(id, undefined, object);
  }

  replace(id: string, key: string, input: Json, { subresource }: FakeWrite = {}): FakeObject {
    const before = this.get(id, key);
    const { resourceVersion, uid } = (input['metadata'] ?? {}) as Partial<FakeMetadata>;
    this.#expect(before, { resourceVersion, uid });
    return this.#update(id, before, input, subresource);
  }

  /** RFC 7386. */
  mergePatch(id: string, key: string, patch: Json, { subresource }: FakeWrite = {}): FakeObject {
    const before = this.get(id, key);
    const { resourceVersion, uid } = (patch['metadata'] ?? {}) as Partial<FakeMetadata>;
    this.#expect(before, { resourceVersion, uid });
    return this.#update(id, before, merged(before, patch) as Json, subresource);
  }

  /** Server-side apply with lists taken as a whole. */
  apply(id: string, key: string, input: Json, { subresource, manager = '', force = false }: FakeWrite): FakeObject {
    const { apiVersion: _, kind: __, metadata = {}, ...content } = input;
    const { name: ___, namespace: ____, uid, resourceVersion, ...meta } = metadata as Json & Partial<FakeMetadata>;
    const wanted: Json = { ...content, metadata: meta };
    const before = this.#objects.get(id)?.get(key);
    const owners = this.#ownersOf(id, key);
    const paths = new Set(leaves(wanted));
    if (before === undefined) {
      if (subresource !== undefined) this.get(id, key);
      owners.set(manager, paths);
      return this.create(id, input, (metadata as Partial<FakeMetadata>).namespace, { manager });
    }
    this.#expect(before, { uid, resourceVersion });
    for (const [other, theirs] of owners) {
      if (other === manager) continue;
      const contested = [...paths].filter((path) => theirs.has(path) && JSON.stringify(at(before, path)) !== JSON.stringify(at(wanted, path)));
      if (contested.length > 0 && !force) throw new Refusal(409, 'Conflict', `Apply failed with ${contested.length} conflict: conflict with "${other}": ${contested.join()}`);
      owners.set(other, new Set([...theirs].filter((path) => !contested.includes(path))));
    }
    const next = structuredClone(before) as unknown as Json;
    for (const path of owners.get(manager) ?? []) {
      const isOthers = [...owners].some(([other, theirs]) => other !== manager && theirs.has(path));
      if (!paths.has(path) && !isOthers) drop(next, path);
    }
    owners.set(manager, paths);
    return this.#update(id, before, merged(next, wanted) as Json, subresource);
  }

  delete(id: string, key: string, preconditions: { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined } = {}): FakeObject {
    const before = this.get(id, key);
    this.#expect(before, preconditions);
    if ((before.metadata.finalizers ?? []).length === 0) return this.#commit(id, before, undefined);
    if (before.metadata.deletionTimestamp !== undefined) return before;
    return this.#commit(id, before, { ...before, metadata: { ...before.metadata, deletionTimestamp: '2026-01-01T00:00:01Z' } });
  }

  #resource(id: string): FakeResource {
    const resource = this.#resources.get(id);
    if (resource === undefined) throw new Refusal(404, 'NotFound', 'the server could not find the requested resource');
    return resource;
  }

  #expect({ kind, metadata }: FakeObject, { uid, resourceVersion }: { uid?: string | undefined; resourceVersion?: string | undefined }): void {
    const isStale = (resourceVersion ?? '') !== '' && resourceVersion !== metadata.resourceVersion;
    if (isStale || (uid !== undefined && uid !== metadata.uid)) {
      throw new Refusal(409, 'Conflict', `Operation cannot be fulfilled on ${kind} "${metadata.name}": the object has been modified; please apply your changes to the latest version and try again`);
    }
  }

  #update(id: string, before: FakeObject, input: Json, subresource: string | undefined): FakeObject {
    const { hasStatus, hasGeneration, kind } = this.#resource(id);
    const { apiVersion: _, status, metadata, ...content } = input;
    const { metadata: oldMeta, status: oldStatus, kind: __, ...oldContent } = before;
    const onlyStatus = subresource === 'status';
    if (onlyStatus && !hasStatus) throw new Refusal(404, 'NotFound', 'the server could not find the requested resource');
    const nextContent = onlyStatus ? oldContent : content;
    const nextStatus = hasStatus && !onlyStatus ? oldStatus : status;
    const isChanged = !sameJson({ ...nextContent, kind: undefined }, oldContent);
    const given = onlyStatus ? oldMeta : ((metadata ?? {}) as Partial<FakeMetadata>);
    const { uid, creationTimestamp, name, namespace, deletionTimestamp, managedFields } = oldMeta;
    const kept = JSON.parse(JSON.stringify({ uid, creationTimestamp, name, namespace, deletionTimestamp, managedFields })) as FakeMetadata;
    const generation = hasGeneration ? { generation: (oldMeta.generation ?? 1) + (isChanged ? 1 : 0) } : {};
    const after: FakeObject = {
      ...nextContent,
      ...(nextStatus === undefined ? {} : { status: nextStatus }),
      kind,
      metadata: { ...given, ...kept, ...generation, resourceVersion: oldMeta.resourceVersion },
    };
    if (sameJson(after, before)) return before;
    const isDone = deletionTimestamp !== undefined && (after.metadata.finalizers ?? []).length === 0;
    return this.#commit(id, before, isDone ? undefined : after);
  }

  #commit(id: string, before: FakeObject | undefined, after: FakeObject | undefined): FakeObject {
    this.#version++;
    const object = after ?? before;
    if (object === undefined) throw new Error('nothing to commit');
    const stored: FakeObject = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
    if (after === undefined) {
      this.#objects.get(id)?.delete(keyOf(stored));
      this.#applied.delete(`${id}/${keyOf(stored)}`);
    } else this.#objects.get(id)?.set(keyOf(stored), stored);
    const event: FakeEvent = after === undefined
      ? { resourceVersion: this.#version, resource: id, before: stored, after: undefined }
      : { resourceVersion: this.#version, resource: id, before, after: stored };
    this.#events.push(event);
    for (const listener of this.#listeners) listener(event);
    return stored;
  }

  #ownersOf(id: string, key: string): Map<string, ReadonlySet<string>> {
    const owners = this.#applied.get(`${id}/${key}`) ?? new Map<string, ReadonlySet<string>>();
    this.#applied.set(`${id}/${key}`, owners);
    return owners;
  }
}

export function keyOf({ metadata }: { readonly metadata: { readonly namespace?: string; readonly name: string } }): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}

function isMap(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function merged(target: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch;
  const result: Json = isMap(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = merged(result[name], value);
  }
  return result;
}

/** Paths of everything below that is no map, `\0` between names. */
function leaves(value: unknown, path = ''): string[] {
  if (!isMap(value) || (Object.keys(value).length === 0 && path !== '')) return [path];
  return Object.entries(value).flatMap(([name, child]) => leaves(child, path === '' ? name : `${path}\0${name}`));
}

function at(value: unknown, path: string): unknown {
  return path.split('\0').reduce<unknown>((parent, name) => (isMap(parent) ? parent[name] : undefined), value);
}

function drop(value: Json, path: string): void {
  const names = path.split('\0');
  const parent = at({ root: value }, ['root', ...names.slice(0, -1)].join('\0'));
  if (isMap(parent)) delete parent[names.at(-1) ?? ''];
}

function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, child]) => child !== undefined).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, child]) => [name, sorted(child)]));
}
