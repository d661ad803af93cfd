import type { KubeClient } from './client.ts';
import { errorOfContent } from './kube-error.ts';
import type { KubeMetadata, KubeObject } from './object.ts';
import { collectionPath, groupVersion, objectPath } from './resource.ts';
import type { KubeResource, ObjectName } from './resource.ts';

/** What every call takes beside its subject. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

export interface WriteOptions extends CallOptions {
  /** Only this part is written: `status` or `scale`. */
  readonly subresource?: string;
  /** Who writes, in managedFields. */
  readonly fieldManager?: string;
  readonly dryRun?: boolean;
}

/** The object, or a `KubeError` with code 404. */
export async function getObject(client: KubeClient, resource: KubeResource, name: ObjectName, options: CallOptions = {}): Promise<KubeObject> {
  return asObject(await client.request({ method: 'GET', path: objectPath(resource, name), ...options }), resource);
}

export interface ListOptions extends CallOptions {
  /** All namespaces when absent. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Objects in one answer; all when absent. */
  readonly limit?: number | undefined;
  /** Where the page before ended. */
  readonly continue?: string | undefined;
}

/** Part of a list, all of one moment: every page carries the same resource version. */
export interface Page {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
  /** Token of the next page; undefined after the last. */
  readonly continue: string | undefined;
}

/** One page of a collection, as it is now (a consistent read, not one from a cache that lags). */
export async function listPage(client: KubeClient, resource: KubeResource, options: ListOptions = {}): Promise<Page> {
  const { namespace, labelSelector, fieldSelector, limit, continue: token, ...call } = options;
  const path = collectionPath(resource, namespace);
  const query = { labelSelector, fieldSelector, limit, continue: token };
  const answer = (await client.request({ method: 'GET', path, query, ...call })) as ListAnswer | undefined;
  if (answer?.metadata?.resourceVersion === undefined) throw errorOfContent({ method: 'GET', path }, 'the answer is no list');
  const next = answer.metadata.continue;
  return {
    items: (answer.items ?? []).map((item) => asObject(item, resource)),
    resourceVersion: answer.metadata.resourceVersion,
    continue: next === undefined || next === '' ? undefined : next,
  };
}

/** All objects of a collection, read in pages of 500 unless `limit` says otherwise. */
export async function listObjects(client: KubeClient, resource: KubeResource, options: Omit<ListOptions, 'continue'> = {}): Promise<KubeObject[]> {
  const objects: KubeObject[] = [];
  let token: string | undefined;
  do {
    const page = await listPage(client, resource, { limit: 500, ...options, continue: token });
    objects.push(...page.items);
    token = page.continue;
  } while (token !== undefined);
  return objects;
}

/** Creates the object; 409 (`AlreadyExists`) when there is one. Returns it as it was stored. */
export async function createObject(client: KubeClient, resource: KubeResource, object: KubeInput, options: WriteOptions = {}): Promise<KubeObject> {
  const path = collectionPath(resource, object.metadata.namespace);
  return write(client, resource, { method: 'POST', path, body: withType(object, resource) }, options);
}

/** Replaces the object; 409 when it carries a resourceVersion that is no longer the stored one. Returns it as it was stored. */
export async function replaceObject(client: KubeClient, resource: KubeResource, object: KubeInput, options: WriteOptions = {}): Promise<KubeObject> {
  const path = objectPath(resource, object.metadata, options.subresource);
  return write(client, resource, { method: 'PUT', path, body: withType(object, resource) }, options);
}

/** JSON merge patch (RFC 7386). With `metadata.resourceVersion` in the patch, 409 when it is no longer the stored one. */
export async function mergePatch(client: KubeClient, resource: KubeResource, name: ObjectName, patch: object, options: WriteOptions = {}): Promise<KubeObject> {
  const path = objectPath(resource, name, options.subresource);
  return write(client, resource, { method: 'PATCH', path, body: patch, contentType: 'application/merge-patch+json' }, options);
}

export interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string;
  /** Take fields that another manager owns; without it that is a 409. */
  readonly force?: boolean;
}

/** Server-side apply: creates or changes the object so that it has these fields, and drops those that we applied before and no longer name. */
export async function applyObject(client: KubeClient, resource: KubeResource, object: KubeInput, options: ApplyOptions): Promise<KubeObject> {
  const path = objectPath(resource, object.metadata, options.subresource);
  const request = { method: 'PATCH', path, body: withType(object, resource), contentType: 'application/apply-patch+yaml' } as const;
  return write(client, resource, request, options, { force: options.force });
}

export interface DeleteOptions extends CallOptions {
  /** Delete only if it still is this very object; else 409. */
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
}

/** Deletes the object, or rejects with code 404 when there is none. It may stay until its finalizers are done. */
export async function deleteObject(client: KubeClient, resource: KubeResource, name: ObjectName, options: DeleteOptions = {}): Promise<void> {
  const { uid, resourceVersion, propagationPolicy = 'Background', ...call } = options;
  const preconditions = uid === undefined && resourceVersion === undefined ? undefined : { uid, resourceVersion };
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy, preconditions };
  await client.request({ method: 'DELETE', path: objectPath(resource, name), body, ...call });
}

/** An object on its way to the server: type and what the server keeps may be missing. */
export interface KubeInput {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: KubeMetadata;
  readonly [field: string]: unknown;
}

interface ListAnswer {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly unknown[] | null;
}

interface Write {
  readonly method: 'POST' | 'PUT' | 'PATCH';
  readonly path: string;
  readonly body: unknown;
  readonly contentType?: string;
}

async function write(client: KubeClient, resource: KubeResource, request: Write, options: WriteOptions, query: { force?: boolean | undefined } = {}): Promise<KubeObject> {
  const { signal, timeoutMs, fieldManager, dryRun } = options;
  const parameters = { fieldManager, dryRun: dryRun === true ? 'All' : undefined, ...query };
  return asObject(await client.request({ ...request, query: parameters, signal, timeoutMs }), resource);
}

function withType(object: KubeInput, resource: KubeResource): KubeInput {
  return { apiVersion: groupVersion(resource), kind: resource.kind, ...object };
}

/** Items of the core kinds' lists do not say what they are; managedFields are as large as the object and mean nothing to us. */
export function asObject(value: unknown, resource: KubeResource): KubeObject {
  const object = value as { apiVersion?: string; kind?: string; metadata?: { name?: string; managedFields?: unknown } } | null | undefined;
  if (object?.metadata?.name === undefined) throw errorOfContent({ method: 'GET', path: resource.plural }, `a ${resource.kind} without metadata.name`);
  delete object.metadata.managedFields;
  object.apiVersion ??= groupVersion(resource);
  object.kind ??= resource.kind;
  return object as KubeObject;
}
