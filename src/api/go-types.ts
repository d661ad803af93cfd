/**
 * What Go says when JSON does not fit one of its types. Kubernetes decodes metadata and kinds of its own into Go structs, so their users see these
 * words: `json: cannot unmarshal string into Go struct field ServicePort.spec.ports.port of type int32`.
 */
import { invalid } from './field-error.ts';
import type { FieldError } from './field-error.ts';
import { dottedPath } from './field-path.ts';
import type { Step } from './field-path.ts';
import type { Mismatch } from './schema-checks.ts';
import type { Node } from './schema.ts';

/** Structs by the path of names to them, where the name is not made of kind and field. */
const STRUCTS: Readonly<Record<string, string>> = {
  'EndpointSlice.endpoints': 'Endpoint',
  'EndpointSlice.endpoints.conditions': 'EndpointConditions',
  'EndpointSlice.endpoints.hints': 'EndpointHints',
  'EndpointSlice.endpoints.targetRef': 'ObjectReference',
  'EndpointSlice.ports': 'EndpointPort',
  'Service.spec.ports': 'ServicePort',
  'Service.spec.sessionAffinityConfig': 'SessionAffinityConfig',
  'Service.spec.sessionAffinityConfig.clientIP': 'ClientIPConfig',
  'ObjectMeta.ownerReferences': 'OwnerReference',
};

/** Maps whose values are bytes, written as base64. */
const BYTES: ReadonlySet<string> = new Set(['ConfigMap.binaryData', 'Secret.data']);

/** Words for an object whose Go struct has a name; `prefix` is the path that Go prints before the object's own fields. */
export function goMismatch(struct: string, prefix: readonly string[] = []): Mismatch {
  return (node, value, steps) => ({ ...goError(struct, prefix, node, value, steps), class: 'type-invalid' });
}

function goError(struct: string, prefix: readonly string[], node: Node, value: unknown, steps: readonly Step[]): FieldError {
  const names = steps.filter((step) => typeof step === 'string').slice(struct === 'ObjectMeta' ? 1 : 0);
  const field = dottedPath(steps);
  const got = `cannot unmarshal ${goKind(value)} into Go`;
  if (names.length === 0) return { ...invalid(field, '', ''), message: `json: ${got} value of type v1.${struct}` };
  const owner = names.slice(0, -1);
  const path = [...prefix, ...names].join('.');
  return { ...invalid(field, '', ''), message: `json: ${got} struct field ${structName(struct, owner)}.${path} of type ${goType(node, `${struct}.${names.join('.')}`)}` };
}

function structOf(path: string): string {
  const [root = '', ...names] = path.split('.');
  return structName(root, names);
}

function structName(root: string, names: readonly string[]): string {
  if (names.length === 0) return root;
  return STRUCTS[[root, ...names].join('.')] ?? root + names.map((name) => name.charAt(0).toUpperCase() + name.slice(1)).join('');
}

/** A kind of JSON value as encoding/json names it. */
function goKind(value: unknown): string {
  switch (typeof value) {
    case 'number': return Number.isInteger(value) ? 'number' : `number ${value}`;
    case 'boolean': return 'bool';
    case 'string': return 'string';
    default: return Array.isArray(value) ? 'array' : 'object';
  }
}

function goType(node: Node, path: string): string {
  if (node.types.length > 1) return 'int32';
  switch (node.types[0]) {
    case 'string': return BYTES.has(path) ? '[]uint8' : 'string';
    case 'boolean': return 'bool';
    case 'integer': return node.format === '' ? 'int64' : node.format;
    case 'array': return `[]${node.items === undefined ? 'string' : goType(node.items, path)}`;
    case 'object': return typeof node.additional === 'object' ? `map[string]${goType(node.additional, path)}` : `v1.${structOf(path)}`;
    default: return 'string';
  }
}
