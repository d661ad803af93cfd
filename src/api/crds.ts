import { stringify } from 'yaml';
import { DEFINITIONS } from '../gen/k8s/definitions.ts';
import type { Definition } from '../gen/k8s/definitions.ts';
import { byText } from '../util/compare.ts';

/** A CustomResourceDefinition as a plain object, the parts that are read here. */
export interface CustomResourceDefinition {
  readonly apiVersion: 'apiextensions.k8s.io/v1';
  readonly kind: 'CustomResourceDefinition';
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: DefinitionBody & { readonly names: { readonly kind: string } };
}

/** What CRDs and core kinds have in common. */
interface DefinitionBody {
  readonly group: string;
  readonly versions: readonly { readonly name: string; readonly schema: object }[];
}

/** Whoever carries Services from cluster to cluster brings the CRD of ServiceImports along. */
const foreignGroups: ReadonlySet<string> = new Set(['multicluster.x-k8s.io']);

/** All CRDs of the kinds that we read and others do not bring, as an API server takes them, sorted by name. */
export function crds(): readonly CustomResourceDefinition[] {
  const all = DEFINITIONS.filter(({ custom, group }) => custom && !foreignGroups.has(group)).map(({ json }) => JSON.parse(json) as CustomResourceDefinition);
  return all.toSorted((a, b) => byText(a.metadata.name, b.metadata.name));
}

/**
 * All CRDs as one YAML stream, to be piped into `kubectl apply -f -`. kubectl reads YAML 1.1, where a bare `Off` is a
 * boolean: such words are quoted.
 */
export function crdsYaml(): string {
  return crds().map((crd) => `---\n${stringify(crd, { version: '1.1', aliasDuplicateObjects: false })}`).join('');
}

/** The definition of a kind, or undefined when we do not know it. The core group is ''. */
export function definitionOf(group: string, kind: string): Definition | undefined {
  return DEFINITIONS.find((definition) => definition.group === group && definition.kind === kind);
}

/**
 * The OpenAPI schema of one version of a kind, parsed anew with each call: whoever needs it again keeps it.
 * Throws when the kind has no such version.
 */
export function schemaOf(definition: Pick<Definition, 'kind' | 'json'>, version: string): object {
  const value = JSON.parse(definition.json) as CustomResourceDefinition | DefinitionBody;
  const body = 'spec' in value ? value.spec : value;
  const found = body.versions.find(({ name }) => name === version);
  if (found === undefined) throw new Error(`${definition.kind} has no version ${version}`);
  return 'openAPIV3Schema' in found.schema ? (found.schema.openAPIV3Schema as object) : found.schema;
}
