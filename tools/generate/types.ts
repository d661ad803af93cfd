import type { Definition, Version } from './definition.ts';
import { shapeOf } from './shape.ts';
import type { Property, Shape } from './shape.ts';

/** Names for what would be called after what is done with it, or after one of its places. */
const WORDS: Readonly<Record<string, string>> = {
  add: 'HeaderValue',
  requestHeaderModifier: 'HeaderModifier',
  responseHeaderModifier: 'HeaderModifier',
  set: 'HeaderValue',
};

/** One object type that waits for its name: the words of the path that leads to it, without the kind. */
interface Found {
  readonly shape: Shape & { readonly kind: 'object' };
  readonly words: readonly string[];
}

/** The TypeScript module of one version of a kind: an interface for it and for each object within, named after its path. */
export function typesOf(definition: Definition, version: Version): string {
  const root = shapeOf(version.schema);
  if (root.kind !== 'object') throw new Error(`${definition.name} ${version.name} is no object`);
  const own = root.properties.filter(({ name }) => !['apiVersion', 'kind', 'metadata'].includes(name));
  const objects = name(definition.name, own);
  const apiVersion = definition.group === '' ? version.name : `${definition.group}/${version.name}`;
  const lines = [
    `import type { ObjectMeta } from './object-meta.ts';`,
    ``,
    `export interface ${definition.name} {`,
    `  readonly apiVersion: '${apiVersion}';`,
    `  readonly kind: '${definition.kind}';`,
    `  readonly metadata: ObjectMeta;`,
    ...own.map((property) => line(property, objects.names)),
    `}`,
    ...objects.order.flatMap((shape) => ['', ...interfaceOf(shape, objects.names)]),
  ];
  return `${lines.join('\n')}\n`;
}

/** The TypeScript module of the metadata that every kind has. */
export function metadataTypes(schema: Version['schema']): string {
  const root = shapeOf(schema);
  if (root.kind !== 'object') throw new Error('metadata is no object');
  const objects = name('ObjectMeta', root.properties);
  objects.names.set(root.text, 'ObjectMeta');
  return `${[root, ...objects.order].map((shape) => interfaceOf(shape, objects.names).join('\n')).join('\n\n')}\n`;
}

/**
 * Names all objects within, those near the root first: the kind and the last word of the path, with as many words before
 * it as it takes to be the only one. Objects that look alike are one type.
 */
function name(kind: string, properties: readonly Property[]): { names: Map<string, string>; order: Found['shape'][] } {
  const names = new Map<string, string>();
  const order: Found['shape'][] = [];
  const taken = new Set([kind, 'ObjectMeta']);
  let level = properties.flatMap((property) => found(property, []));
  while (level.length > 0) {
    for (const { shape, words } of level) {
      if (names.has(shape.text)) continue;
      const candidates = words.map((_, i) => kind + words.slice(-1 - i).join(''));
      const free = candidates.find((candidate) => !taken.has(candidate)) ?? numbered(candidates.at(-1) ?? kind, taken);
      taken.add(free);
      names.set(shape.text, free);
      order.push(shape);
    }
    level = level.flatMap(({ shape, words }) => shape.properties.flatMap((property) => found(property, words)));
  }
  return { names, order };
}

function numbered(name: string, taken: ReadonlySet<string>): string {
  let n = 2;
  while (taken.has(`${name}${n}`)) n++;
  return `${name}${n}`;
}

/** The objects that a property leads to without another object in between: its value, or the items of its list or map. */
function found(property: Property, path: readonly string[]): Found[] {
  let shape = property.shape;
  let many = false;
  while (shape.kind === 'array' || shape.kind === 'map') {
    shape = shape.kind === 'array' ? shape.item : shape.value;
    many = true;
  }
  return shape.kind === 'object' ? [{ shape, words: [...path, word(property.name, many)] }] : [];
}

/** `backendRefs` → `BackendRef`, `policies` → `Policy`, `matches` → `Match`, `x-foo` → `XFoo`. */
function word(name: string, many: boolean): string {
  const known = WORDS[name];
  if (known !== undefined) return known;
  const letters = name.replaceAll(/(?:^|[^A-Za-z0-9]+)([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  if (!many) return letters;
  if (letters.endsWith('ies')) return `${letters.slice(0, -3)}y`;
  if (/(?:ch|sh|ss|x)es$/.test(letters)) return letters.slice(0, -2);
  return /[^s]s$/.test(letters) ? letters.slice(0, -1) : letters;
}

function interfaceOf(shape: Found['shape'], names: ReadonlyMap<string, string>): string[] {
  return [`export interface ${names.get(shape.text)} {`, ...shape.properties.map((property) => line(property, names)), `}`];
}

function line({ name, optional, nullable, shape }: Property, names: ReadonlyMap<string, string>): string {
  const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : `'${name}'`;
  return `  readonly ${key}${optional ? '?' : ''}: ${expression(shape, names)}${nullable ? ' | null' : ''};`;
}

function expression(shape: Shape, names: ReadonlyMap<string, string>): string {
  switch (shape.kind) {
    case 'text':
      return shape.text;
    case 'array':
      return `ReadonlyArray<${expression(shape.item, names)}>`;
    case 'map':
      return `Readonly<Record<string, ${expression(shape.value, names)}>>`;
    case 'object':
      return names.get(shape.text) ?? 'unknown';
  }
}
