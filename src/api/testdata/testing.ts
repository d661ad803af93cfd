/** Reads the recorded pairs of objects and messages in ./messages. */
import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';

export const MESSAGES_FOLDER = join(import.meta.dirname, 'messages');

/** One thing that the API server said, as `details.causes` of its answer has it. */
export interface Message {
  readonly field: string;
  readonly message: string;
}

export interface MessageCase {
  /** Continues the sentence "a Gateway that …". */
  readonly name: string;
  readonly object: unknown;
  /** The object's former state, when the case is about a change. */
  readonly old: unknown;
  readonly messages: readonly Message[];
}

/** A case as its file has it. */
interface Written {
  readonly name: string;
  /** A merge patch (RFC 7386) on the file's base object. */
  readonly patch?: unknown;
  /** A list in the base object that is replaced by so many items; `%` in their texts becomes the index. */
  readonly repeat?: { readonly path: readonly string[]; readonly count: number; readonly item: unknown };
  /** A whole object, for files without a base. */
  readonly object?: unknown;
  readonly old?: unknown;
  readonly messages?: readonly Message[];
}

/** File names in the folder, in order. */
export function messageFiles(): string[] {
  return readdirSync(MESSAGES_FOLDER).filter((name) => name.endsWith('.yaml')).toSorted();
}

/** The cases of a file. */
export function messageCases(file: string): MessageCase[] {
  const { base, cases } = parse(readFileSync(join(MESSAGES_FOLDER, basename(file)), 'utf8')) as { base?: unknown; cases: readonly Written[] };
  return cases.map((one) => ({ name: one.name, object: objectOf(base, one), old: one.old, messages: one.messages ?? [] }));
}

function objectOf(base: unknown, { patch, repeat, object }: Written): unknown {
  if (object !== undefined) return object;
  if (repeat === undefined) return merged(base, patch);
  const items = Array.from({ length: repeat.count }, (_, index) => numbered(repeat.item, index));
  return merged(base, repeat.path.reduceRight((value: unknown, name) => ({ [name]: value }), items));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function merged(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const out: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete out[name];
    else out[name] = merged(out[name], value);
  }
  return out;
}

/** `{$repeat: n, …}` within an item becomes a list of n; `%` becomes the index, and a text that is a number then becomes one. */
function numbered(item: unknown, index: number): unknown {
  if (typeof item === 'string') {
    const text = item.replace('%', String(index));
    return text !== item && /^\d+$/.test(text) ? Number(text) : text;
  }
  if (Array.isArray(item)) return item.map((one) => numbered(one, index));
  if (!isObject(item)) return item;
  const { $repeat: count, ...rest } = item;
  if (typeof count === 'number') return Array.from({ length: count }, (_, inner) => numbered(rest, inner));
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, numbered(value, index)]));
}
