import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import type { Catalogue } from './catalogue.ts';

/** As much of a CustomResourceDefinition as says which fields there are. */
export interface Definition {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

interface Manifest {
  readonly apiVersion?: string;
  readonly kind?: string;
}

/**
 * The experimental features that nobody can have with some CRDs: a test that needs one applies a manifest with a field, kind or version that they lack. That a feature is
 * experimental does not say so by itself; several need no field of their own. Those without a test count as missing in CRDs that are not of the experimental channel.
 */
export async function missingFeatures(catalogue: Catalogue, { suiteFolder, crdFiles }: { readonly suiteFolder: string; readonly crdFiles: readonly string[] }): Promise<string[]> {
  const definitions = await Promise.all(crdFiles.map(async (file) => parse(await readFile(file, 'utf8')) as Definition));
  const experimentalChannel = definitions.every(({ metadata }) => metadata?.annotations?.['gateway.networking.k8s.io/channel'] === 'experimental');
  const tested = new Set(catalogue.tests.flatMap(({ features }) => features));
  const missing = new Set(experimentalChannel ? [] : catalogue.experimental.filter((feature) => !tested.has(feature)));
  for (const { features, manifests } of catalogue.tests) {
    const experimental = features.filter((feature) => catalogue.experimental.includes(feature));
    if (experimental.length === 0) continue;
    const texts = await Promise.all(manifests.map((file) => readFile(join(suiteFolder, file), 'utf8')));
    if (!texts.every((text) => fits(text, definitions))) for (const feature of experimental) missing.add(feature);
  }
  return [...missing].sort();
}

/** Whether the API server would keep all that some manifests say of the kinds of the Gateway API. */
export function fits(text: string, definitions: readonly Definition[]): boolean {
  return parseAllDocuments(text).every((document) => {
    const manifest = document.toJS() as Manifest | null;
    const [group = '', version = ''] = (manifest?.apiVersion ?? '').split('/');
    if (!group.startsWith('gateway.networking.')) return true;
    const definition = definitions.find(({ spec }) => spec.group === group && spec.names.kind === manifest?.kind);
    const schema = definition?.spec.versions.find(({ name }) => name === version)?.schema.openAPIV3Schema;
    return schema !== undefined && known(manifest, schema);
  });
}

function known(value: unknown, { properties, items }: Schema): boolean {
  if (Array.isArray(value)) return items === undefined || value.every((item) => known(item, items));
  if (typeof value !== 'object' || value === null || properties === undefined) return true;
  return Object.entries(value).every(([name, inner]) => {
    const schema = properties[name];
    return schema !== undefined && known(inner, schema);
  });
}
