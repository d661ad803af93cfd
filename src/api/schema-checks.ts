/** Checks of single values, and the walk that they report to. Order and words follow k8s.io/kube-openapi/pkg/validation/validate. */
import { invalid, notSupported, tooLong, typeInvalid } from './field-error.ts';
import type { FieldError } from './field-error.ts';
import { dottedPath } from './field-path.ts';
import type { Step } from './field-path.ts';
import { matchesFormat } from './formats.ts';
import { goQuote } from './go-format.ts';
import type { Node, SchemaType } from './schema.ts';

/** One walk over one object. */
export interface Walk {
  /** Where the walk is. */
  readonly steps: Step[];
  readonly errors: FieldError[];
  /** Paths of fields that the schema does not know. */
  readonly unknown: string[];
  /** Checks that were made and passed: the branch of an `anyOf` with the most says why none fits. */
  matches: number;
  /** Says that a value has a wrong type; undefined for the words of the schema validator. */
  readonly mismatch: Mismatch | undefined;
}

/** Words for a value of a wrong type, whose path is in the walk. */
export type Mismatch = (node: Node, value: unknown, steps: readonly Step[]) => FieldError;

/** A walk that is about to start. */
export function startWalk(steps: readonly Step[] = [], mismatch?: Mismatch): Walk {
  return { steps: [...steps], errors: [], unknown: [], matches: 0, mismatch };
}

/** Null where the schema has no default for it: fine in arrays and maps of nullable items, and nowhere else. */
export function checkNull(node: Node, walk: Walk): void {
  if (node.types.length > 0 && !node.nullable) {
    const path = dottedPath(walk.steps);
    walk.errors.push(typeInvalid(path, 'null', `${path} in body must be of type ${node.types.join(',')}: "null"`));
  } else walk.matches++;
  checkEnum(node, null, walk);
}

/** Types and formats as Go's reflection sees a decoded JSON value: what no int64 can be is a float. */
function goType(value: unknown): { readonly type: SchemaType | ''; readonly format: string } {
  switch (typeof value) {
    case 'string': return { type: 'string', format: '' };
    case 'boolean': return { type: 'boolean', format: '' };
    case 'number': return Number.isInteger(value) && Math.abs(value) < 2 ** 63 ? { type: 'integer', format: 'int64' } : { type: 'number', format: 'float64' };
    case 'object': return { type: Array.isArray(value) ? 'array' : 'object', format: '' };
    default: return { type: '', format: '' };
  }
}

/** Types and, for numbers, formats. */
export function checkType(node: Node, value: unknown, walk: Walk): void {
  const { type, format } = goType(value);
  const fits = (node.types as readonly string[]).includes(type) || (type === 'integer' && node.types.includes('number'));
  const numeric = node.types.includes('number') || node.types.includes('integer');
  if (fits || (node.format !== '' && !numeric && (type === 'string' || type === 'array'))) {
    walk.matches++;
    return;
  }
  if (walk.mismatch !== undefined) {
    walk.errors.push(walk.mismatch(node, value, walk.steps));
    return;
  }
  const path = dottedPath(walk.steps);
  const byFormat = node.format !== '' && type !== 'string' && type !== 'array' && format !== node.format;
  const [wanted, got] = byFormat ? [node.format, format] : [node.types.join(','), type];
  walk.errors.push(typeInvalid(path, got, `${path} in body must be of type ${wanted}: "${got}"`));
}

/** Length, pattern and format of a string. */
export function checkString(node: Node, value: string, walk: Walk): void {
  walk.matches++;
  const { maxLength, minLength, pattern } = node.schema;
  // Only the first of these is reported. A code point takes one or two UTF-16 units, so most strings need no counting.
  if (maxLength !== undefined && value.length > maxLength && codePoints(value) > maxLength) {
    walk.errors.push(tooLong(dottedPath(walk.steps), maxLength));
  } else if (minLength !== undefined && (value.length < minLength || (value.length < 2 * minLength && codePoints(value) < minLength))) {
    pushInvalid(walk, value, `should be at least ${minLength} chars long`);
  } else if (node.pattern !== undefined && !node.pattern.test(value)) {
    pushInvalid(walk, value, `should match '${pattern}'`);
  }
  if (node.format === '') return;
  walk.matches++;
  if (matchesFormat(node.format, value)) return;
  const path = dottedPath(walk.steps);
  walk.errors.push(typeInvalid(path, value, `${path} in body must be of type ${node.format}: ${goQuote(value)}`));
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  // The first double above the largest int64 is 2 ** 63.
  int64: [-(2 ** 63), 2 ** 63 - 1024],
};

/** Range of a number. */
export function checkNumber(node: Node, value: number, walk: Walk): void {
  walk.matches += 2;
  const { minimum, maximum } = node.schema;
  const [low, high] = walk.mismatch === undefined && node.types.length === 1 && node.types[0] === 'integer' ? (RANGES[node.format || 'int64'] ?? []) : [];
  if (low !== undefined && high !== undefined && (value < low || value > high || !Number.isInteger(value))) {
    const path = dottedPath(walk.steps);
    const format = node.format === '' ? '(default format)' : `with format ${node.format}`;
    walk.errors.push(invalid('', '', `Checked value must be of type integer ${format} in ${path}`));
  }
  if (maximum !== undefined && value > maximum) pushInvalid(walk, value, `should be less than or equal to ${maximum}`);
  if (minimum !== undefined && value < minimum) pushInvalid(walk, value, `should be greater than or equal to ${minimum}`);
}

/** One of the values that are allowed. */
export function checkEnum(node: Node, value: unknown, walk: Walk): void {
  const allowed = node.schema.enum;
  if (allowed !== undefined && !allowed.includes(value)) walk.errors.push(notSupported(dottedPath(walk.steps), value, allowed));
}

/** Reports a value that breaks a rule, in the words of the schema validator. */
export function pushInvalid(walk: Walk, value: unknown, rule: string): void {
  const path = dottedPath(walk.steps);
  walk.errors.push(invalid(path, value, `${path} in body ${rule}`));
}
