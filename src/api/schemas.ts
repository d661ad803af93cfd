import { METADATA_JSON } from '../gen/k8s/definitions.ts';
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
    compiled.set(key, (node = compileSchema(schema)));
  }
  return node;
}

let metadata: Node | undefined;

/** The schema of `metadata`, the same for every kind. */
export function metadataSchema(): Node {
  return (metadata ??= compileSchema(JSON.parse(METADATA_JSON) as Schema));
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
