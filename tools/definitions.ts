// Refreshes definitions/ from the upstream projects, at the versions pinned in definitions/versions.ts.
//   npm run definitions      needs Go and its module proxy
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCoreKinds, readMetadataSchema } from './definitions/core.ts';
import { readCrds } from './definitions/crd.ts';
import { writeEnvoyApi } from './definitions/envoy.ts';
import { moduleFolder } from './definitions/go.ts';
import { ENVOY_API, ENVOY_GATEWAY, GATEWAY_API, INFERENCE_EXTENSION, KUBERNETES, MULTICLUSTER_SERVICES } from './definitions/versions.ts';
import type { Module } from './definitions/versions.ts';

const TARGET = join(import.meta.dirname, '../definitions');

/** Where each project keeps its CRDs. The ones of Gateway API are of the experimental channel, which holds all kinds. */
const CRD_FOLDERS: readonly (readonly [module: Module, folder: string, only?: string])[] = [
  [GATEWAY_API, 'config/crd/experimental'],
  [ENVOY_GATEWAY, 'charts/gateway-helm/charts/crds/crds/generated'],
  [INFERENCE_EXTENSION, 'config/crd/bases'],
  // ServiceExports are the business of whoever carries Services from cluster to cluster.
  [MULTICLUSTER_SERVICES, 'config/crd', 'serviceimports.multicluster.x-k8s.io'],
];

for (const name of readdirSync(TARGET)) if (name !== 'README.md') rmSync(join(TARGET, name), { recursive: true });
mkdirSync(join(TARGET, 'crds'));
mkdirSync(join(TARGET, 'core'));

for (const [module, path, only] of CRD_FOLDERS) {
  const crds = readCrds(join(moduleFolder(module), path)).filter(({ metadata }) => only === undefined || metadata.name === only);
  for (const crd of crds) writeJson(`crds/${crd.metadata.name}.json`, crd);
  console.log(`${module.path}@${module.version}: ${crds.length} CRDs`);
}

const kubernetes = moduleFolder(KUBERNETES);
const kinds = readCoreKinds(kubernetes);
for (const kind of kinds) writeJson(`core/${kind.names.kind.toLowerCase()}.json`, kind);
writeJson('metadata.json', readMetadataSchema(kubernetes) as object);
console.log(`${KUBERNETES.path}@${KUBERNETES.version}: ${kinds.length} core kinds`);

moduleFolder(ENVOY_API);
writeEnvoyApi(join(TARGET, `envoy-${ENVOY_API.version}.binpb`));
console.log(`${ENVOY_API.path}@${ENVOY_API.version}: descriptor set`);

/** One line a value, so that a difference between two versions can be read. */
function writeJson(name: string, value: object): void {
  writeFileSync(join(TARGET, name), `${JSON.stringify(value, undefined, 1)}\n`);
}
