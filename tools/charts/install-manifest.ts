import { join } from 'node:path';
import { writeChartCrds } from './chart-crds.ts';
import { KUBE_VERSION, runHelm } from './helm.ts';

const chart = join(import.meta.dirname, '../../charts/moongate');

/** What is rendered, and by what. */
export interface ManifestOptions {
  /** The program. */
  readonly helm: string;
  readonly namespace: string;
  /** Further arguments of Helm: `--set KEY=VALUE`, `--values FILE`. */
  readonly args?: readonly string[];
}

/**
 * Everything that an installation consists of as one YAML stream: CRDs, the Namespace, the control plane, GatewayClasses.
 * Throws when Helm refuses, with its words.
 */
export function installManifest({ helm, namespace, args = [] }: ManifestOptions): string {
  writeChartCrds();
  const rendered = runHelm(helm, [
    'template', 'moongate', chart, '--namespace', namespace, '--include-crds', '--kube-version', KUBE_VERSION, '--set', 'createNamespace=true', ...args,
  ]);
  return rendered.replaceAll(/^# Source: .*\n/gm, '');
}
