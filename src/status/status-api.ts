import { KINDS } from '../api/kinds.ts';
import type { KubeClient } from '../kube/client.ts';
import type { KubeObject } from '../kube/object.ts';
import type { KubeResource, ObjectName } from '../kube/resource.ts';
import { getObject, mergePatch } from '../kube/verbs.ts';
import type { ObservedStatus } from './wanted-status.ts';

/** Names an object whose status is written. */
export interface StatusTarget {
  readonly kind: string;
  readonly key: string;
  readonly apiVersion: string;
}

/** What the writer needs of an API server. Both reject with a `KubeError`. */
export interface StatusApi {
  /** Merge-patches the status subresource; returns what was stored. */
  patch(target: StatusTarget, body: object, signal: AbortSignal): Promise<ObservedStatus>;
  get(target: StatusTarget, signal: AbortSignal): Promise<ObservedStatus>;
}

/** The status subresources of an API server. `fieldManager` is who writes, in managedFields. */
export function statusApi(client: KubeClient, { fieldManager }: { readonly fieldManager: string }): StatusApi {
  return {
    async patch(target, body, signal) {
      const resource = resourceOf(target);
      return observedOf(await mergePatch(client, resource, nameOf(target.key), body, { subresource: 'status', fieldManager, signal }));
    },
    async get(target, signal) {
      return observedOf(await getObject(client, resourceOf(target), nameOf(target.key), { signal }));
    },
  };
}

/** What RBAC has to grant for the statuses of a kind: `patch httproutes/status in gateway.networking.k8s.io`. */
export function neededPermission(kind: string): string {
  const definition = KINDS.get(kind);
  return `patch ${definition?.plural ?? kind}/status in ${definition?.group ?? 'its group'}`;
}

/** An object of the API server, as the writer looks at it. */
export function observedOf({ apiVersion, metadata, status }: KubeObject): ObservedStatus {
  const { uid = '', resourceVersion = '', generation = 0 } = metadata;
  return { uid, resourceVersion, generation, status, apiVersion };
}

function resourceOf({ kind, apiVersion }: StatusTarget): KubeResource {
  const definition = KINDS.get(kind);
  if (definition === undefined) throw new Error(`${kind} is no kind that we know`);
  const { group, plural, objectKind, namespaced } = definition;
  return { group, version: apiVersion.slice(apiVersion.indexOf('/') + 1), plural, kind: objectKind, namespaced };
}

function nameOf(key: string): ObjectName {
  const slash = key.indexOf('/');
  return slash === -1 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
