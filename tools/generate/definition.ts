import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A node of an OpenAPI schema, as far as types come from it. */
export interface Schema {
  readonly type?: 'array' | 'boolean' | 'integer' | 'number' | 'object' | 'string';
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly nullable?: boolean;
  readonly 'x-kubernetes-int-or-string'?: boolean;
}

/** One version of a kind. */
export interface Version {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly deprecated?: boolean;
  readonly deprecationWarning?: string;
  readonly schema: Schema;
}

/** A kind of definitions/, a CRD or a part of Kubernetes itself. */
export interface Definition {
  readonly group: string;
  /** What objects call themselves. Kinds of several groups may have one. */
  readonly kind: string;
  /** What we call the kind, to tell it from all others. */
  readonly name: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly scope: 'Cluster' | 'Namespaced';
  readonly versions: readonly Version[];
  /** Whether it is a CRD. */
  readonly custom: boolean;
  /** The file's JSON, compact. */
  readonly json: string;
}

interface File {
  readonly spec?: Body;
}

interface Body {
  readonly group: string;
  readonly names: { readonly kind: string; readonly plural: string; readonly shortNames?: readonly string[] };
  readonly scope: Definition['scope'];
  readonly versions: readonly (Omit<Version, 'schema'> & { readonly schema: Schema | { readonly openAPIV3Schema: Schema } })[];
}

/** Our names of kinds that share theirs with another one. That one, the present or the commonest, keeps it. */
const NAMES: Readonly<Record<string, string>> = {
  'inferencepools.inference.networking.x-k8s.io': 'XInferencePool',
  'inferencepools.gateway.networking.x-k8s.io': 'DeployedInferencePool',
  'inferenceobjectives.inference.networking.x-k8s.io': 'XInferenceObjective',
  'inferencemodelrewrites.inference.networking.x-k8s.io': 'XInferenceModelRewrite',
  'inferencemodels.gateway.networking.x-k8s.io': 'RoutedInferenceModel',
};

/** All kinds below the folder `definitions`: core kinds first, then CRDs, each in order of file name. */
export function readDefinitions(folder: string): Definition[] {
  const files = ['core', 'crds', 'own'].flatMap((part) => readdirSync(join(folder, part)).toSorted().map((name) => join(folder, part, name)));
  return files.map((file) => {
    const value = JSON.parse(readFileSync(file, 'utf8')) as File & Body;
    const { group, names, scope, versions } = value.spec ?? value;
    return {
      group,
      kind: names.kind,
      name: NAMES[`${names.plural}.${group}`] ?? names.kind,
      plural: names.plural,
      shortNames: names.shortNames ?? [],
      scope,
      versions: versions.map((version) => ({
        ...version,
        schema: 'openAPIV3Schema' in version.schema ? version.schema.openAPIV3Schema : version.schema,
      })),
      custom: value.spec !== undefined,
      json: JSON.stringify(value),
    };
  });
}
