import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from '../cluster/cluster.ts';
import { moduleFolder } from '../cluster/tools/go.ts';
import { ENVOY_GATEWAY, GATEWAY_API } from './suite/recipe.ts';
import type { DefinitionFolder } from './suite/suites.ts';

/** The experimental channel has all kinds and fields, the standard one those that stay as they are. */
export type Channel = (typeof channels)[number];
export const channels = ['experimental', 'standard'] as const;

/** Which CRDs of the Gateway API. */
export interface CrdsOptions {
  readonly channel: Channel;
  /** Of the API, such as v1.7.0. */
  readonly version: string;
}

const envoyGateway: DefinitionFolder = { module: ENVOY_GATEWAY, folder: 'charts/gateway-helm/charts/crds/crds/generated' };

/** Applies the CRDs of the Gateway API and of Envoy Gateway, and what else is asked for, and waits until they are established. */
export async function applyCrds(cluster: Cluster, { more, ...options }: CrdsOptions & { readonly more: readonly DefinitionFolder[] }): Promise<void> {
  const others = await Promise.all([envoyGateway, ...more].map(crdFiles));
  const files = [...(await gatewayApiCrds(options)), ...others.flat()];
  // Larger than what fits into the annotation in which a client-side apply keeps the whole object.
  await cluster.kubectl(['apply', '--server-side', ...files.flatMap((file) => ['-f', file])]);
  await cluster.kubectl(['wait', 'crd', '--all', '--for=condition=Established', '--timeout=60s']);
}

/** The files of the CRDs of the Gateway API. */
export function gatewayApiCrds({ channel, version }: CrdsOptions): Promise<string[]> {
  return crdFiles({ module: `${GATEWAY_API}@${version}`, folder: `config/crd/${channel}` });
}

async function crdFiles({ module, folder: path }: DefinitionFolder): Promise<string[]> {
  const folder = join(await moduleFolder(module), path);
  const names = await readdir(folder);
  // `group_plural.yaml`; beside them is a policy against upgrades that skip versions, which a cluster of an hour does not need.
  return names.filter((name) => /^(gateway|inference)\.[a-z0-9.-]*_[a-z]+\.yaml$/.test(name)).map((name) => join(folder, name));
}
