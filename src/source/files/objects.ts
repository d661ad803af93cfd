import { DEFAULT_NAMESPACE } from '../../api/decode.ts';
import { fromFormerKind } from '../../api/former-kinds.ts';
import { kindsCalled } from '../../api/kinds.ts';
import { maxListDepth } from './limits.ts';

/** An object of a document, not decoded yet, and its field in the document: empty, `items[3]`, `[3]`. */
export interface RawObject {
  readonly value: unknown;
  readonly field: string;
}

/** How an object names itself, before anyone knows whether it is valid. */
export interface Identity {
  readonly kind: string;
  /** `namespace/name`, or `name` where no namespace is given. */
  readonly key: string;
  /** Equal for two versions of one object. Empty when it has no kind or no name. */
  readonly id: string;
}

/** The objects of a document: itself, or the items of a List or an array. Nothing for an empty document. */
export function unfold(value: unknown, field = '', depth = 0): RawObject[] {
  if (value === null || value === undefined) return [];
  if (depth < maxListDepth) {
    if (Array.isArray(value)) return value.flatMap((item, i) => unfold(item, `${field}[${i}]`, depth + 1));
    if (isList(value)) {
      const path = field === '' ? 'items' : `${field}.items`;
      return value.items.flatMap((item, i) => unfold(item, `${path}[${i}]`, depth + 1));
    }
  }
  return [{ value, field }];
}

function isList(value: unknown): value is { readonly items: readonly unknown[] } {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, items } = value as Record<string, unknown>;
  return typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items);
}

/** What is wrong with the items of a List. */
export function listError(value: unknown): string | undefined {
  const { kind, items } = record(value);
  if (typeof kind !== 'string' || !kind.endsWith('List') || Array.isArray(items)) return undefined;
  // Somebody's own kind may end in List and be none.
  if (kind !== 'List' && kindsCalled(kind.slice(0, -'List'.length)).length === 0) return undefined;
  return items === undefined ? 'Required value: a List has items' : 'Invalid value: must be a list of objects';
}

export function identityOf(value: unknown): Identity {
  const object = record(fromFormerKind(value)?.value ?? value);
  const metadata = record(object.metadata);
  const kind = text(object.kind);
  const name = text(metadata.name);
  const namespace = text(metadata.namespace) || (kindsCalled(kind).some(({ namespaced }) => namespaced) ? DEFAULT_NAMESPACE : '');
  const group = text(object.apiVersion).replace(/\/?[^/]*$/, '');
  return {
    kind,
    key: namespace === '' ? name : `${namespace}/${name}`,
    id: kind === '' || name === '' ? '' : `${group}/${kind}/${namespace}/${name}`,
  };
}

/** Guesses the identity from the text of a YAML or JSON object that is too large to be parsed. */
export function guessIdentity(source: string): Identity {
  const head = source.slice(0, guessedBytes);
  const find = (pattern: RegExp): string => pattern.exec(head)?.[1] ?? '';
  return identityOf({
    apiVersion: find(/^\s*"?apiVersion"?:[ \t]*"?([\w./-]+)/m),
    kind: find(/^\s*"?kind"?:[ \t]*"?(\w+)/m),
    metadata: { name: find(/^\s+"?name"?:[ \t]*"?([\w.-]+)/m), namespace: find(/^\s+"?namespace"?:[ \t]*"?([\w.-]+)/m) },
  });
}

/** People write an object's kind and name first. */
const guessedBytes = 64 * 1024;

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
