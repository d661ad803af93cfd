import { isObject, setOwn } from '../../util/json-merge.ts';

/**
 * Fields of Envoy's messages of which one at most may be set (protobuf's oneof), as far as a bootstrap of ours has them:
 * setting one clears the others.
 */
const oneofs: readonly (readonly string[])[] = [
  ['pipe', 'socket_address', 'envoy_internal_address'],
  ['port_value', 'named_port'],
  ['type', 'cluster_type'],
  ['ads', 'self', 'path', 'path_config_source', 'api_config_source'],
  ['reject_all', 'exclusion_list', 'inclusion_list'],
];

/**
 * Merges two messages of Envoy's, given as JSON, the way protobuf does: fields that are messages are merged, lists are joined,
 * everything else is replaced. A `typed_config` is replaced: to protobuf it is one value. Names may be in either spelling
 * (`load_assignment`, `loadAssignment`).
 */
export function mergeMessages(base: unknown, patch: unknown): unknown {
  if (Array.isArray(base) && Array.isArray(patch)) return [...(base as unknown[]), ...(patch as unknown[])];
  if (!isObject(base) || !isObject(patch) || patch['@type'] !== undefined) return patch;
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) continue;
    const field = Object.hasOwn(base, name) ? name : snakeCase(name);
    for (const other of oneofs.find((group) => group.includes(field)) ?? []) if (other !== field) delete merged[other];
    const known = Object.hasOwn(base, field);
    setOwn(merged, known ? field : name, known ? mergeMessages(base[field], value) : value);
  }
  return merged;
}

/** A field of a message in either spelling. */
export function fieldOf(message: Readonly<Record<string, unknown>>, name: string): unknown {
  return message[name] ?? message[camelCase(name)];
}

/** The message with a field set, whatever spelling it had. */
export function withField(message: Readonly<Record<string, unknown>>, name: string, value: unknown): Record<string, unknown> {
  const { [camelCase(name)]: _other, ...rest } = message;
  return { ...rest, [name]: value };
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function camelCase(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
