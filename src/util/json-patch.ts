import { equal } from './equal.ts';
import { isObject, setOwn } from './json-merge.ts';
import { locate, pointerOf } from './json-path.ts';

/** One operation of a JSON patch (RFC 6902). `jsonPath` may choose the places instead of `path`, which is then relative to each. */
export interface JsonPatchOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
  readonly path?: string;
  readonly jsonPath?: string;
  readonly from?: string;
  readonly value?: unknown;
}

/**
 * Applies the operations one after another and returns the patched document; the given one stays as it is.
 * As Envoy Gateway has it, and unlike RFC 6902, `add` makes the objects on its way that are missing.
 * Throws, with the operation and the reason, when one cannot be applied.
 */
export function applyJsonPatch(document: unknown, operations: readonly JsonPatchOperation[]): unknown {
  // The document hangs below a root, so that replacing the whole of it is no special case.
  const root: Container = { '': structuredClone(document) };
  for (const [index, operation] of operations.entries()) {
    try {
      for (const pointer of placesOf(root[''], operation)) applyAt(root, operation, pointer);
    } catch (error) {
      const where = operation.jsonPath ?? operation.path ?? '';
      throw new Error(`operation ${index} (${operation.op} ${where}): ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
  return root[''];
}

type Container = Record<string, unknown> | unknown[];

function placesOf(document: unknown, { jsonPath, path }: JsonPatchOperation): string[] {
  if (jsonPath === undefined) {
    if (path === undefined) throw new Error('there is neither a path nor a jsonPath');
    return [path];
  }
  const found = locate(document, jsonPath).map(pointerOf);
  if (found.length === 0) throw new Error('the jsonPath selects nothing');
  const suffix = path === undefined || path === '' ? '' : path.startsWith('/') ? path : `/${path}`;
  // From the last to the first: a removal moves the items behind it.
  return found.reverse().map((pointer) => pointer + suffix);
}

function applyAt(root: Container, operation: JsonPatchOperation, pointer: string): void {
  switch (operation.op) {
    case 'add':
      return add(root, pointer, structuredClone(operation.value ?? null));
    case 'remove':
      return void remove(root, pointer);
    case 'replace':
      get(root, pointer);
      return put(root, pointer, structuredClone(operation.value ?? null));
    case 'move':
      if (pointer.startsWith(`${fromOf(operation)}/`)) throw new Error('a value cannot be moved into itself');
      return add(root, pointer, remove(root, fromOf(operation)));
    case 'copy':
      return add(root, pointer, structuredClone(get(root, fromOf(operation))));
    case 'test':
      if (!equal(get(root, pointer), operation.value ?? null)) throw new Error(`the value is not ${JSON.stringify(operation.value ?? null)}`);
  }
}

function fromOf({ from }: JsonPatchOperation): string {
  if (from === undefined) throw new Error('there is no from');
  return from;
}

function keysOf(pointer: string): string[] {
  if (pointer !== '' && !pointer.startsWith('/')) throw new Error(`${pointer} is no JSON pointer: it has to begin with '/'`);
  return pointer.split('/').map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The container that holds the value of a pointer, and its key there. */
function parentOf(root: Container, pointer: string, { create }: { create: boolean }): { parent: Container; key: string } {
  const keys = keysOf(pointer);
  const key = keys.pop() ?? '';
  let parent: Container = root;
  for (const [depth, step] of keys.entries()) {
    let child = Array.isArray(parent) ? parent[indexIn(parent, step)] : own(parent, step);
    if (child === undefined && create && !Array.isArray(parent)) {
      const following = keys[depth + 1] ?? key;
      child = following === '-' || following === '0' ? [] : {};
      setOwn(parent, step, child);
    }
    if (!isContainer(child)) throw new Error(`${keys.slice(0, depth + 1).join('/')} is ${child === undefined ? 'not there' : 'no object or list'}`);
    parent = child;
  }
  return { parent, key };
}

function get(root: Container, pointer: string): unknown {
  const { parent, key } = parentOf(root, pointer, { create: false });
  const value = Array.isArray(parent) ? parent[indexIn(parent, key)] : own(parent, key);
  if (value === undefined) throw new Error(`${pointer} is not there`);
  return value;
}

function add(root: Container, pointer: string, value: unknown): void {
  const { parent, key } = parentOf(root, pointer, { create: true });
  if (!Array.isArray(parent)) return setOwn(parent, key, value);
  parent.splice(key === '-' ? parent.length : indexIn(parent, key, parent.length), 0, value);
}

function put(root: Container, pointer: string, value: unknown): void {
  const { parent, key } = parentOf(root, pointer, { create: false });
  if (Array.isArray(parent)) parent[indexIn(parent, key)] = value;
  else setOwn(parent, key, value);
}

function remove(root: Container, pointer: string): unknown {
  const value = get(root, pointer);
  const { parent, key } = parentOf(root, pointer, { create: false });
  if (Array.isArray(parent)) parent.splice(indexIn(parent, key), 1);
  else delete parent[key];
  return value;
}

function indexIn(list: readonly unknown[], key: string, last = list.length - 1): number {
  const index = /^(0|[1-9]\d{0,8})$/.test(key) ? Number(key) : -1;
  if (index < 0 || index > last) throw new Error(`the list has no place '${key}'`);
  return index;
}

function own(object: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function isContainer(value: unknown): value is Container {
  return Array.isArray(value) || isObject(value);
}
