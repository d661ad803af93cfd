import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { crds } from '../../src/api/crds.ts';
import type { CustomResourceDefinition } from '../../src/api/crds.ts';
import { patched } from './json-patch.ts';
import type { PatchStep } from './json-patch.ts';

/** What standard-channel.json holds: by CRD, the way from the experimental channel to the standard one. */
interface StandardChannel {
  readonly version: string;
  readonly crds: Readonly<Record<string, readonly PatchStep[]>>;
}

const VERSION = 'gateway.networking.k8s.io/bundle-version';
const root = join(import.meta.dirname, '../..');

/**
 * Puts the CRDs into the charts that bring them: the experimental channel into `moongate`, where Helm installs what is
 * missing; everything, by project and channel, into `moongate-crds`. Answers how many files there are.
 */
export function writeChartCrds(): number {
  const all = crds();
  const installed = join(root, 'charts/moongate/charts/crds/crds');
  const files = join(root, 'charts/moongate-crds/files');
  return [
    writeCrds(installed, all),
    writeCrds(join(files, 'gateway-api/experimental'), all.filter(({ spec }) => isGatewayApi(spec.group) && !isInference(spec)).map(kept)),
    writeCrds(join(files, 'gateway-api/standard'), standardChannel(all).map(kept)),
    writeCrds(join(files, 'envoy-gateway'), all.filter(({ spec }) => spec.group === 'gateway.envoyproxy.io').map(kept)),
    writeCrds(join(files, 'inference'), all.filter(({ spec }) => isInference(spec)).map(kept)),
  ].reduce((sum, count) => sum + count);
}

/** The CRDs of Gateway API's standard channel. Throws when the recorded difference belongs to another release. */
export function standardChannel(experimental: readonly CustomResourceDefinition[]): CustomResourceDefinition[] {
  const recorded = JSON.parse(readFileSync(join(import.meta.dirname, 'standard-channel.json'), 'utf8')) as StandardChannel;
  return experimental.flatMap((crd) => {
    const steps = recorded.crds[crd.metadata.name];
    if (steps === undefined) return [];
    const version = crd.metadata.annotations?.[VERSION];
    if (version !== recorded.version) throw new Error(`${crd.metadata.name} is of ${version}, standard-channel.json of ${recorded.version}: run tools/charts/standard-channel.ts`);
    return [patched(crd, steps) as CustomResourceDefinition];
  });
}

function isGatewayApi(group: string): boolean {
  return group === 'gateway.networking.k8s.io' || group === 'gateway.networking.x-k8s.io';
}

/** Those of the Inference Extension and of those who have its kinds in groups of their own. */
function isInference({ names }: CustomResourceDefinition['spec']): boolean {
  return names.kind.startsWith('Inference');
}

/** With a word to Helm that an uninstallation leaves the CRD where it is: its objects would go with it. */
function kept(crd: CustomResourceDefinition): CustomResourceDefinition {
  return { ...crd, metadata: { ...crd.metadata, annotations: { ...crd.metadata.annotations, 'helm.sh/resource-policy': 'keep' } } };
}

/** What is right already is not touched, and a file is whole at any time: others may be reading the chart. */
function writeCrds(folder: string, all: readonly CustomResourceDefinition[]): number {
  mkdirSync(folder, { recursive: true });
  const names = new Set(all.map(({ metadata }) => `${metadata.name}.yaml`));
  for (const name of readdirSync(folder)) if (name.endsWith('.yaml') && !names.has(name)) rmSync(join(folder, name));
  for (const crd of all) {
    const path = join(folder, `${crd.metadata.name}.yaml`);
    // Helm reads YAML 1.1, where a bare `Off` is a boolean.
    const text = stringify(crd, { version: '1.1', aliasDuplicateObjects: false, lineWidth: 0 });
    if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
    const next = `${path}.${process.pid}.tmp`;
    writeFileSync(next, text);
    renameSync(next, path);
  }
  return all.length;
}
