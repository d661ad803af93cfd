import type { Definition } from './definition.ts';

/** The fixed part of the registry: what an entry is. */
const HEAD = `/** One version of a kind. */
export interface DefinitionVersion {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly deprecated: boolean;
  /** What the API server says to whoever uses a deprecated version, or ''. */
  readonly deprecationWarning: string;
}

/** A kind that we know. */
export interface Definition {
  /** '' for the core group. */
  readonly group: string;
  /** What objects call themselves. Kinds of several groups may have one. */
  readonly kind: string;
  /** What we call the kind, to tell it from all others. */
  readonly name: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly scope: 'Cluster' | 'Namespaced';
  readonly versions: readonly DefinitionVersion[];
  /** The name of the version that objects are kept in. */
  readonly storageVersion: string;
  /** Whether \`json\` is a CustomResourceDefinition; else it is an object like the \`spec\` of one. */
  readonly custom: boolean;
  /** The whole definition. As text it costs next to nothing until somebody parses it. */
  readonly json: string;
}
`;

/** The TypeScript module that lists all kinds. */
export function registryOf(definitions: readonly Definition[], metadata: string): string {
  const entries = definitions.map((definition) => `  ${entry(definition)},\n`);
  return `${HEAD}
/** Every kind of definitions/, the core kinds first. */
export const DEFINITIONS: readonly Definition[] = [
${entries.join('')}];

/** The schema of every kind's \`metadata\`, which the kinds' own schemas leave out. */
export const METADATA_JSON = ${quoted(metadata)};
`;
}

function entry(definition: Definition): string {
  const { group, kind, name: ours, plural, shortNames, scope, custom } = definition;
  const versions = definition.versions.map(({ name, served, storage, deprecated = false, deprecationWarning = '' }) => ({
    name,
    served,
    storage,
    deprecated,
    deprecationWarning,
  }));
  const storageVersion = versions.find(({ storage }) => storage)?.name;
  if (storageVersion === undefined) throw new Error(`${ours} has no storage version`);
  const fields = JSON.stringify({ group, kind, name: ours, plural, shortNames, scope, versions, storageVersion, custom });
  return `${fields.slice(0, -1)},"json":${quoted(definition.json)}}`;
}

/** A JavaScript string in single quotes, which JSON has few of. */
function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`;
}
