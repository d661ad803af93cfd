import type { KubeClient } from '../../kube/client.ts';
import { objectPath } from '../../kube/resource.ts';
import type { KubeResource, ObjectName } from '../../kube/resource.ts';

/** How Envoy Gateway signs what it applies. */
const formerManager = 'envoy-gateway';

interface ManagedFields {
  readonly manager?: string;
  readonly subresource?: string;
  readonly [field: string]: unknown;
}

/**
 * Makes Envoy Gateway's fields of an object ours, by putting our name to them. What we then apply takes away those of them that we do not
 * have: its volumes, its probes, its hooks. Without this they would stay for ever, owned by somebody who is gone.
 */
export async function adoptFields(client: KubeClient, resource: KubeResource, name: ObjectName, { manager, signal }: { readonly manager: string; readonly signal: AbortSignal }): Promise<void> {
  const path = objectPath(resource, name);
  const object = (await client.request({ method: 'GET', path, signal })) as { readonly metadata?: { readonly resourceVersion?: string; readonly managedFields?: readonly ManagedFields[] } };
  const { managedFields = [], resourceVersion } = object.metadata ?? {};
  const isFormer = (entry: ManagedFields): boolean => entry.manager === formerManager && entry.subresource === undefined;
  if (!managedFields.some(isFormer)) return;
  const adopted = managedFields.map((entry) => (isFormer(entry) ? { ...entry, manager, operation: 'Apply' } : entry));
  const body = { metadata: { resourceVersion, managedFields: adopted } };
  await client.request({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json', signal });
}
