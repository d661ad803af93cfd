/** A resource of the API: what a path names and a kind is called by. */
export interface KubeResource {
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** Names one object of a resource. */
export interface ObjectName {
  /** Absent or '' for cluster-scoped resources. */
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** `apps/v1`; `v1` for the core group. */
export function groupVersion({ group, version }: Pick<KubeResource, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`;
}

/** Path of the collection: of one namespace, or of all. */
export function collectionPath(resource: KubeResource, namespace?: string): string {
  const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${groupVersion(resource)}`;
  const inNamespace = !resource.namespaced || namespace === undefined || namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${inNamespace}/${resource.plural}`;
}

/** Path of an object or of one of its subresources. A namespaced object needs its namespace. */
export function objectPath(resource: KubeResource, { namespace, name }: ObjectName, subresource?: string): string {
  if (name === '') throw new Error(`${resource.kind}: an object needs a name`);
  if (resource.namespaced && (namespace ?? '') === '') throw new Error(`${resource.kind} ${name}: a namespaced object needs a namespace`);
  const path = `${collectionPath(resource, namespace)}/${encodeURIComponent(name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}
