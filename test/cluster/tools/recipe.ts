/** How a tool is built from a pinned Go module. Everything here takes part in the name of its folder in the cache. */
export interface Recipe {
  readonly name: string;
  /** Such as 'v1.36.3'. */
  readonly version: string;
  readonly source: ModuleSource | OwnSource;
  /** Programs to their packages, as paths in the folder or import paths. A package that ends in `.test` is built as a test binary. */
  readonly programs: Readonly<Record<string, string>>;
  /** Values of string variables that the linker sets, by import path and name. */
  readonly variables?: Readonly<Record<string, string>>;
  /** How long a build without any cache takes on two cores; for the progress line only. */
  readonly minutes: number;
}

/** The published module's folder with its own go.mod and go.sum. */
export interface ModuleSource {
  readonly module: string;
  /** Folder inside the module, for a module inside it that was published with a go.mod of another name. */
  readonly folder?: string;
}

/** A module of our own that requires the published one. */
export interface OwnSource {
  /** Files to their content, beside the go.mod. */
  readonly files: Readonly<Record<string, string>>;
  /** Module path to version. */
  readonly requires: Readonly<Record<string, string>>;
  /** Versions of the modules that this required module's own go.mod asks for at v0.0.0, which is how Kubernetes names its staged parts. */
  readonly staged?: { readonly of: string; readonly version: string };
}

/** The go.mod of a source of our own. `staging` is the go.mod of the module that has staged parts. */
export function goMod(name: string, source: OwnSource, staging = ''): string {
  const requires = Object.entries(source.requires).map(([path, version]) => `\t${path} ${version}\n`);
  const { version = '' } = source.staged ?? {};
  const replaces = stagedParts(staging).map((path) => `\t${path} => ${path} ${version}\n`);
  const blocks = [requires.length === 0 ? '' : `\nrequire (\n${requires.join('')})\n`, replaces.length === 0 ? '' : `\nreplace (\n${replaces.join('')})\n`];
  return `module moongate.local/${name}\n\ngo 1.26\n${blocks.join('')}`;
}

function stagedParts(text: string): string[] {
  const found = [...text.matchAll(/^\s*(\S+) v0\.0\.0$/gm)].map(([, path = '']) => path);
  return [...new Set(found)].sort();
}
