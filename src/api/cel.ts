import { celEnv, celList, celMap, isCelError, parse, plan } from '@bufbuild/cel';
import type { CelEnv, CelInput, CelResult } from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';
import { addReads } from './cel-reads.ts';
import type { Reads } from './cel-reads.ts';
import { KUBERNETES_FUNCTIONS } from './cel-functions.ts';
import { compilePattern } from './pattern.ts';
import type { Node } from './schema.ts';

/** A CEL expression made ready to run. */
export interface Program {
  /** True when it compares with the object's former state. */
  readonly usesOldSelf: boolean;
  /** Adds what it reads of `self`. */
  readonly addReads: (self: Reads) => void;
  readonly evaluate: (self: CelInput, oldSelf: CelInput | undefined) => CelResult;
}

let environment: CelEnv | undefined;
/** Expressions come from definitions, not from users, so their number is bounded. */
const programs = new Map<string, Program>();

/** Parses and plans an expression, once for each text. Throws when it is no CEL: a bug in a definition. */
export function programOf(expression: string): Program {
  const known = programs.get(expression);
  if (known !== undefined) return known;
  environment ??= celEnv({ funcs: [...strings, ...KUBERNETES_FUNCTIONS], re2: { compile: compilePattern } });
  const parsed = parse(expression);
  const { expr } = parsed;
  if (expr === undefined) throw new Error(`no expression: ${expression}`);
  const run = plan(environment, parsed);
  const program: Program = {
    usesOldSelf: /\boldSelf\b/.test(expression),
    addReads: (self) => addReads(expr, self),
    evaluate: (self, oldSelf) => run(oldSelf === undefined ? { self } : { self, oldSelf }),
  };
  programs.set(expression, program);
  return program;
}

/** An evaluation's error in the words of the API server, or undefined when there is none. */
export function errorText(result: CelResult): string | undefined {
  if (!isCelError(result)) return undefined;
  return result.message.replace(/^field not found: /, 'no such key: ').replace(/^index (\d+) out of bounds.*$/, 'index out of bounds: $1');
}

/** CEL values of an object's lists and maps: a rule on a list and the rules on its items see the same ones. */
export type CelValues = Map<object, CelInput>;

/** A value as CEL sees it: whole numbers are ints, unless the schema says otherwise. */
export function celValue(node: Node | undefined, value: unknown, values: CelValues): CelInput {
  switch (typeof value) {
    case 'number':
      return Number.isInteger(value) && node?.types.includes('number') !== true ? BigInt(value) : value;
    case 'string':
    case 'boolean':
      return value;
    case 'object': {
      if (value === null) return null;
      const known = values.get(value);
      if (known !== undefined) return known;
      const made = Array.isArray(value)
        ? celList(value.map((item) => celValue(node?.items, item, values)))
        : celMap(fields(node, value, values));
      values.set(value, made);
      return made;
    }
    default:
      return null;
  }
}

function fields(node: Node | undefined, value: object, values: CelValues): Map<string, CelInput> {
  const map = new Map<string, CelInput>();
  const additional = typeof node?.additional === 'object' ? node.additional : undefined;
  for (const [name, one] of Object.entries(value) as [string, unknown][]) {
    const property = node?.properties.get(name);
    const made = celValue(property ?? additional, one, values);
    map.set(name, made);
    if (property !== undefined && RESERVED.has(name)) map.set(`__${name}__`, made);
  }
  return map;
}

/**
 * Words that CEL reserves: a field of such a name is `__name__` in a rule, and may be `name` behind a dot.
 * `Escape` in k8s.io/apiserver/pkg/cel/escaping.go; no property in our definitions has a dash, a slash or two underscores.
 */
const RESERVED: ReadonlySet<string> = new Set([
  'true', 'false', 'null', 'in', 'as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import', 'let', 'loop', 'package',
  'namespace', 'return', 'var', 'void', 'while',
]);
