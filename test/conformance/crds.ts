import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from '../cluster/cluster.ts';
import { moduleFolder } from '../cluster/tools/go.ts';
import { ENVOY_GATEWAY, GATEWAY_API } from './suite/recipe.ts';

/** The experimental channel has all kinds and fields, the standard one those that stay as they are. */
export type Channel = (typeof channels)[number];
export const channels = ['experimental', 'standard'] as const;

/** Which CRDs of the Gateway API. */
export interface CrdsOptions {
  readonly channel: Channel;
  /** Of the API, such as v1.7.0. */
  readonly version: string;
}

/** Applies the CRDs of the Gateway API and of Envoy Gateway, and waits until they are established. */
export async function applyCrds(cluster: Cluster, { channel, version }: CrdsOptions): Promise<void> {
  const files = [...(await gatewayApiCrds({ channel, version })), ...(await crdFiles(ENVOY_GATEWAY, 'charts/gateway-helm/charts/crds/crds/generated'))];
  // Larger than what fits into the annotation in which a client-side apply keeps the whole object.
  await cluster.kubectl(['apply', '--server-side', ...files.flatMap((file) => ['-f', file])]);
  await cluster.kubectl(['wait', 'crd', '--all', '--for=condition=Established', '--timeout=60s']);
}

/** The files of the CRDs of the Gateway API. */
export function gatewayApiCrds({ channel, version }: CrdsOptions): Promise<string[]> {
  return crdFiles(`${GATEWAY_API}@${version}`, `config/crd/${channel}`);
}

async function crdFiles(module: string, path: string): Promise<string[]> {
  const folder = join(await moduleFolder(module), path);
  const names = await readdir(folder);
  // `group_plural.yaml`; beside them is a policy against upgrades that skip versions, which a cluster of an hour does not need.
  return names.filter((name) => /^gateway\.[a-z0-9.-]*_[a-z]+\.yaml$/.test(name)).map((name) => join(folder, name));
}
