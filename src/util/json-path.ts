import { isObject } from './json-merge.ts';

/** How a step of a path chooses among the children of a value. */
type Step =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'filter'; readonly path: readonly string[]; readonly operator: '==' | '!=' | 'exists'; readonly value: unknown };

interface Segment {
  /** `..`: the step is taken from every value below, and from this one. */
  readonly deep: boolean;
  readonly step: Step;
}

/** Names and indexes from the root of a document to one of its values. */
export type Location = readonly (string | number)[];

/** More matches than this are an error: no patch means that many. */
const maxMatches = 10_000;

const segmentPattern = new RegExp(
  [
    String.raw`(?<deep>\.\.)(?=[\w$*[-])|\.(?=[\w$*-])|(?=\[)`,
    String.raw`(?<name>[\w$-]+)|(?<all>\*)|\[\s*(?:(?<index>-?\d+)|(?<star>\*)|'(?<single>(?:[^'\\]|\\.)*)'|"(?<double>(?:[^"\\]|\\.)*)"|\?\s*\(?(?<filter>[^()[\]]*(?:\[[^\]]*\][^()[\]]*)*)\)?)\s*\]`,
  ].map((part) => `(?:${part})`).join(''),
  'y',
);

const filterPattern = /^@((?:\.[\w$-]+|\['[^']*'\])+)\s*(?:(==|!=)\s*(.+))?$/;

/**
 * Where the values that a JSONPath selects are in a document: items in their order, outer values before inner ones. Names, indexes (also from the end), `*`, `..`
 * and filters such as `[?(@.name == 'x')]` are understood (RFC 9535 has more). Throws when the path is none of that.
 */
export function locate(document: unknown, path: string): Location[] {
  let found: readonly Location[] = [[]];
  for (const { deep, step } of parse(path)) {
    const next: Location[] = [];
    for (const location of found) {
      const from = deep ? descendants(document, location) : [location];
      for (const place of from) next.push(...childrenAt(valueAt(document, place), step).map((key) => [...place, key]));
      if (next.length > maxMatches) throw new Error(`the JSONPath ${path} selects more than ${maxMatches} values`);
    }
    found = next;
  }
  return [...found];
}

/** The JSON pointer (RFC 6901) of a location. */
export function pointerOf(location: Location): string {
  return location.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function parse(path: string): Segment[] {
  const segments: Segment[] = [];
  let rest = path.startsWith('$') ? path.slice(1) : /^[.[]/.test(path) ? path : `.${path}`;
  while (rest !== '') {
    segmentPattern.lastIndex = 0;
    const groups = segmentPattern.exec(rest)?.groups;
    if (groups === undefined) throw new Error(`the JSONPath ${path} cannot be read from '${rest}' on`);
    segments.push({ deep: groups['deep'] !== undefined, step: stepOf(groups, path) });
    rest = rest.slice(segmentPattern.lastIndex);
  }
  if (segments.length === 0) throw new Error('the JSONPath selects the whole document');
  return segments;
}

function stepOf(groups: Readonly<Record<string, string | undefined>>, path: string): Step {
  const { name, index, single, double, filter } = groups;
  if (name !== undefined) return { kind: 'name', name };
  if (index !== undefined) return { kind: 'index', index: Number(index) };
  if (single !== undefined) return { kind: 'name', name: single.replaceAll(/\\(.)/g, '$1') };
  if (double !== undefined) return { kind: 'name', name: double.replaceAll(/\\(.)/g, '$1') };
  if (filter === undefined) return { kind: 'all' };
  const match = filterPattern.exec(filter.trim());
  if (match === null) throw new Error(`the JSONPath ${path} has a filter that is not understood: ${filter}`);
  const [, names = '', operator, literal = ''] = match;
  return {
    kind: 'filter',
    path: [...names.matchAll(/\.([\w$-]+)|\['([^']*)'\]/g)].map(([, dotted, quoted]) => dotted ?? quoted ?? ''),
    operator: operator === '==' || operator === '!=' ? operator : 'exists',
    value: operator === undefined ? undefined : literalOf(literal.trim(), path),
  };
}

function literalOf(text: string, path: string): unknown {
  const quoted = /^'((?:[^'\\]|\\.)*)'$/.exec(text)?.[1];
  if (quoted !== undefined) return quoted.replaceAll(/\\(.)/g, '$1');
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`the JSONPath ${path} compares with ${text}, which is no string, number, true, false or null`);
  }
}

function childrenAt(value: unknown, step: Step): (string | number)[] {
  if (step.kind === 'name') return isObject(value) && Object.hasOwn(value, step.name) ? [step.name] : [];
  if (step.kind === 'index') {
    if (!Array.isArray(value)) return [];
    const index = step.index < 0 ? value.length + step.index : step.index;
    return index >= 0 && index < value.length ? [index] : [];
  }
  const keys = keysOf(value);
  return step.kind === 'all' ? keys : keys.filter((key) => accepts(step, valueAt(value, [key])));
}

function accepts(filter: Extract<Step, { kind: 'filter' }>, value: unknown): boolean {
  const found = valueAt(value, filter.path);
  if (filter.operator === 'exists') return found !== undefined;
  return (found === filter.value) === (filter.operator === '==');
}

function descendants(document: unknown, location: Location): Location[] {
  const all: Location[] = [location];
  for (let next = 0; next < all.length && all.length <= maxMatches; next++) {
    const place = all[next] ?? [];
    for (const key of keysOf(valueAt(document, place))) all.push([...place, key]);
  }
  return all;
}

function keysOf(value: unknown): (string | number)[] {
  if (Array.isArray(value)) return [...value.keys()];
  return isObject(value) ? Object.keys(value) : [];
}

function valueAt(document: unknown, location: Location): unknown {
  let value = document;
  for (const key of location) {
    if (Array.isArray(value)) value = value[Number(key)];
    else if (isObject(value) && Object.hasOwn(value, key)) value = value[key];
    else return undefined;
  }
  return value;
}
