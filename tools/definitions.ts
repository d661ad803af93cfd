// Refreshes definitions/ from the upstream projects, at the versions pinned in definitions/versions.ts.
//   npm run definitions      needs Go and its module proxy
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCoreKinds, readMetadataSchema } from './definitions/core.ts';
import { inGroup, readCrds, withoutAnnotation, type Crd } from './definitions/crd.ts';
import { writeEnvoyApi } from './definitions/envoy.ts';
import { moduleFolder } from './definitions/go.ts';
import {
  ENVOY_API, ENVOY_GATEWAY, FORMER_INFERENCE_POOL, GATEWAY_API, INFERENCE_EXTENSION, INFERENCE_MODEL, INFERENCE_OBJECTIVES, KUBERNETES, MULTICLUSTER_SERVICES,
} from './definitions/versions.ts';
import type { Module } from './definitions/versions.ts';

const TARGET = join(import.meta.dirname, '../definitions');

/** What the conformance suite tells the release of the Inference Extension by: it wants one release only. */
const INFERENCE_BUNDLE = 'inference.networking.k8s.io/bundle-version';
const ofAnotherRelease = (crd: Crd): Crd[] => [withoutAnnotation(crd, INFERENCE_BUNDLE)];

/** A project's CRDs. */
interface CrdFolder {
  readonly module: Module;
  readonly folder: string;
  /** Names of those that are wanted; all, unless given. */
  readonly only?: readonly string[];
  /** What is written in place of one. */
  readonly as?: (crd: Crd) => Crd[];
}

/** Where each project keeps its CRDs. The ones of Gateway API are of the experimental channel, which holds all kinds. */
const CRD_FOLDERS: readonly CrdFolder[] = [
  { module: GATEWAY_API, folder: 'config/crd/experimental' },
  { module: ENVOY_GATEWAY, folder: 'charts/gateway-helm/charts/crds/crds/generated' },
  { module: INFERENCE_EXTENSION, folder: 'config/crd/bases' },
  {
    module: INFERENCE_OBJECTIVES,
    folder: 'config/crd/bases',
    only: ['inferenceobjectives.inference.networking.x-k8s.io', 'inferencemodelrewrites.inference.networking.x-k8s.io'],
    // The llm-d router has them since, unchanged but for the group.
    as: (crd) => ofAnotherRelease(crd).flatMap((former) => [former, inGroup(former, 'llm-d.ai')]),
  },
  { module: FORMER_INFERENCE_POOL, folder: 'config/crd/bases', only: ['inferencepools.inference.networking.x-k8s.io'], as: ofAnotherRelease },
  { module: INFERENCE_MODEL, folder: 'config/crd/bases', only: ['inferencemodels.inference.networking.x-k8s.io'], as: ofAnotherRelease },
  // ServiceExports are the business of whoever carries Services from cluster to cluster.
  { module: MULTICLUSTER_SERVICES, folder: 'config/crd', only: ['serviceimports.multicluster.x-k8s.io'] },
];

for (const name of readdirSync(TARGET)) if (name !== 'README.md' && name !== 'own') rmSync(join(TARGET, name), { recursive: true });
mkdirSync(join(TARGET, 'crds'));
mkdirSync(join(TARGET, 'core'));

for (const { module, folder, only, as = (crd: Crd) => [crd] } of CRD_FOLDERS) {
  const crds = readCrds(join(moduleFolder(module), folder)).filter(({ metadata }) => only?.includes(metadata.name) !== false).flatMap(as);
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
