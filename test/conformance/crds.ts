import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from '../cluster/cluster.ts';
import { moduleFolder } from '../cluster/tools/go.ts';
import { ENVOY_GATEWAY, GATEWAY_API } from './suite/recipe.ts';

/** Modules to the folder of their CRDs. The API's are of the experimental channel, which holds all kinds. */
const folders = [
  [GATEWAY_API, 'config/crd/experimental'],
  [ENVOY_GATEWAY, 'charts/gateway-helm/charts/crds/crds/generated'],
] as const;

/** Applies the CRDs that belong to the suite, and waits until they are established. */
export async function applyCrds(cluster: Cluster): Promise<void> {
  const files = (await Promise.all(folders.map(async ([module, path]) => crdFiles(join(await moduleFolder(module), path))))).flat();
  // Larger than what fits into the annotation in which a client-side apply keeps the whole object.
  await cluster.kubectl(['apply', '--server-side', ...files.flatMap((file) => ['-f', file])]);
  await cluster.kubectl(['wait', 'crd', '--all', '--for=condition=Established', '--timeout=60s']);
}

async function crdFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  // `group_plural.yaml`; beside them is a policy against upgrades that skip versions, which a cluster of an hour does not need.
  return names.filter((name) => /^gateway\.[a-z0-9.-]*_[a-z]+\.yaml$/.test(name)).map((name) => join(folder, name));
}
