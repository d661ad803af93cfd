import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { isObject, type Json } from './json.ts';
import { withoutProse } from './prose.ts';

/** A CustomResourceDefinition, as far as this tool looks into it. */
export interface Crd {
  readonly apiVersion: string;
  readonly kind: 'CustomResourceDefinition';
  readonly metadata: { readonly name: string; readonly annotations?: Json; readonly labels?: Json };
  readonly spec: {
    readonly group: string;
    readonly names: { readonly plural: string };
    readonly versions: readonly {
      readonly schema: { readonly openAPIV3Schema: Json };
      readonly additionalPrinterColumns?: readonly Readonly<Record<string, Json>>[];
    }[];
  };
}

/** All CRDs in the YAML files of a folder, without prose, in order of file name. Other objects are left out. */
export function readCrds(folder: string): Crd[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.yaml')).toSorted();
  return files.flatMap((name) => {
    const documents = parseAllDocuments(readFileSync(join(folder, name), 'utf8'));
    if (!Array.isArray(documents)) return [];
    return documents.map((document) => document.toJS() as { kind?: string } | null).filter(isCrd).map(reduced);
  });
}

/** The same kind in another group. */
export function inGroup(crd: Crd, group: string): Crd {
  return { ...crd, metadata: { ...crd.metadata, name: `${crd.spec.names.plural}.${group}` }, spec: { ...crd.spec, group } };
}

/** A CRD without one of its annotations. */
export function withoutAnnotation(crd: Crd, name: string): Crd {
  const { annotations, ...others } = crd.metadata;
  const kept = Object.entries(isObject(annotations) ? annotations : {}).filter(([key]) => key !== name);
  return { ...crd, metadata: { ...others, ...(kept.length > 0 && { annotations: Object.fromEntries(kept) }) } };
}

function isCrd(value: { kind?: string } | null): value is Crd {
  return value?.kind === 'CustomResourceDefinition';
}

/** The parts that an API server needs. */
function reduced(crd: Crd): Crd {
  const { name, annotations, labels } = crd.metadata;
  return {
    apiVersion: crd.apiVersion,
    kind: crd.kind,
    metadata: { name, ...(annotations !== undefined && { annotations }), ...(labels !== undefined && { labels }) },
    spec: { ...crd.spec, versions: crd.spec.versions.map(reducedVersion) },
  };
}

function reducedVersion(version: Crd['spec']['versions'][number]): Crd['spec']['versions'][number] {
  const columns = version.additionalPrinterColumns;
  return {
    ...version,
    ...(columns !== undefined && { additionalPrinterColumns: columns.map(withoutDescription) }),
    schema: { openAPIV3Schema: withoutProse(version.schema.openAPIV3Schema) },
  };
}

function withoutDescription(column: Readonly<Record<string, Json>>): Readonly<Record<string, Json>> {
  return Object.fromEntries(Object.entries(column).filter(([name]) => name !== 'description'));
}
