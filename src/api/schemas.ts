import { METADATA_JSON } from '../gen/k8s/definitions.ts';
import { byText } from '../util/compare.ts';
import type { Kind, KindName } from './kinds.ts';
import { compileSchema } from './schema.ts';
import type { Node, Schema } from './schema.ts';

const compiled = new Map<string, Node>();
const versions = new Map<KindName, ReadonlyMap<string, Schema>>();

/** The schema of a version of a kind, parsed and made ready at its first use. */
export function schemaOf(kind: Kind, version: string): Node {
  const key = `${kind.kind}/${version}`;
  let node = compiled.get(key);
  if (node === undefined) {
    const schema = schemasOf(kind).get(version);
    if (schema === undefined) throw new Error(`no schema of ${key}`);
    compiled.set(key, (node = compileSchema(kind.custom ? schema : structure(schema))));
  }
  return node;
}

let metadata: Node | undefined;

/** The schema of `metadata`, the same for every kind. */
export function metadataSchema(): Node {
  return (metadata ??= compileSchema(structure(JSON.parse(METADATA_JSON) as Schema)));
}

/**
 * The part of a schema that Go's decoder enforces: fields, types and defaults. The rest is checked in code, with words of its own
 * (./semantics.ts, ./metadata.ts). Enumerations read well enough; they are sorted, as Go's sets are.
 */
function structure(schema: Schema): Schema {
  const { properties, items, additionalProperties, enum: allowed } = schema;
  return {
    ...(schema.type !== undefined && { type: schema.type }),
    ...(schema.type === 'integer' && schema.format !== undefined && { format: schema.format }),
    ...(schema.nullable !== undefined && { nullable: schema.nullable }),
    ...(schema.default !== undefined && { default: schema.default }),
    ...(schema['x-kubernetes-int-or-string'] !== undefined && { 'x-kubernetes-int-or-string': true }),
    ...(allowed !== undefined && { enum: (allowed as readonly string[]).toSorted(byText) }),
    ...(properties !== undefined && { properties: Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, structure(one)])) }),
    ...(items !== undefined && { items: structure(items) }),
    ...(additionalProperties !== undefined && { additionalProperties: typeof additionalProperties === 'object' ? structure(additionalProperties) : additionalProperties }),
  };
}

interface DefinitionVersions {
  readonly versions: readonly { readonly name: string; readonly schema: Schema & { readonly openAPIV3Schema?: Schema } }[];
}

function schemasOf(kind: Kind): ReadonlyMap<string, Schema> {
  let schemas = versions.get(kind.kind);
  if (schemas === undefined) {
    const parsed = JSON.parse(kind.json) as DefinitionVersions & { readonly spec?: DefinitionVersions };
    const list = (kind.custom ? parsed.spec : parsed)?.versions ?? [];
    versions.set(kind.kind, (schemas = new Map(list.map(({ name, schema }) => [name, schema.openAPIV3Schema ?? schema]))));
  }
  return schemas;
}
