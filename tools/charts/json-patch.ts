/** One step of a JSON Patch (RFC 6902); no other is needed here. */
export type PatchStep =
  | { readonly op: 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

/** An object or a list; the keys of a list are its indexes. */
type Tree = Record<string, unknown>;

/**
 * The steps from one JSON value to another. Lists are compared item by item when they are equally long, and replaced as a
 * whole otherwise. Throws where a field was added: the second value is expected to be the first with something left out.
 */
export function patchBetween(from: unknown, to: unknown, path = ''): PatchStep[] {
  if (Object.is(from, to)) return [];
  if (!isTree(from) || !isTree(to) || shapeOf(from) !== shapeOf(to)) return [{ op: 'replace', path, value: to }];
  const added = Object.keys(to).filter((key) => !(key in from));
  if (added.length > 0) throw new Error(`${path}: only the second value has ${added.join(', ')}`);
  return Object.keys(from).flatMap((key) => {
    const inner = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    return key in to ? patchBetween(from[key], to[key], inner) : [{ op: 'remove', path: inner } as const];
  });
}

/** The value after all steps. The input stays as it is. Throws when a step leads nowhere. */
export function patched(value: unknown, steps: readonly PatchStep[]): unknown {
  const result = structuredClone(value);
  for (const step of steps) {
    const keys = step.path.split('/').slice(1).map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = keys.pop();
    const parent = keys.reduce<unknown>((at, key) => (isTree(at) ? at[key] : undefined), result);
    if (last === undefined || !isTree(parent) || !(last in parent)) throw new Error(`there is no ${step.path}`);
    if (step.op === 'remove') delete parent[last];
    else parent[last] = step.value;
  }
  return result;
}

function shapeOf(value: Tree): string {
  return Array.isArray(value) ? `list of ${value.length}` : 'object';
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null;
}
