import { invalid, required, tooLong } from './field-error.ts';
import type { FieldError } from './field-error.ts';
import type { Kind, KindName } from './kinds.ts';
import { dns1123Label, dns1123Subdomain, labelValue, qualifiedName } from './names.ts';

/** `metadata` as its schema has it, after defaults and with everything that has a wrong type still in it. */
export interface RawMetadata {
  readonly name?: unknown;
  readonly namespace?: unknown;
  readonly labels?: unknown;
  readonly annotations?: unknown;
  readonly creationTimestamp?: unknown;
  readonly generation?: unknown;
  readonly finalizers?: unknown;
}

/** All annotations of an object together, keys and values. */
const MAX_ANNOTATION_BYTES = 256 * 1024;

type NameRule = (name: string) => string[];

/** Rules for names, where they are not those of almost every kind: subdomains. A ClusterTrustBundle may have its signer before its name. */
const NAME_RULES: Readonly<Partial<Record<KindName, NameRule>>> = {
  ClusterTrustBundle: (name) => name.split(':').flatMap((part) => dns1123Subdomain(part)),
  Namespace: dns1123Label,
  Service: dns1123Label,
};

/** Checks metadata whose types are right: `ValidateObjectMeta` in k8s.io/apimachinery/pkg/api/validation. */
export function checkMetadata(kind: Kind, metadata: RawMetadata): FieldError[] {
  const errors: FieldError[] = [];
  const { name, namespace, labels, annotations, finalizers } = metadata;
  if (name === undefined || name === '') errors.push(required('metadata.name', 'name or generateName is required'));
  else if (typeof name === 'string') push('metadata.name', name, NAME_RULES[kind.kind] ?? dns1123Subdomain);
  if (kind.namespaced && typeof namespace === 'string') push('metadata.namespace', namespace, dns1123Label);
  for (const [key, value] of texts(labels)) {
    push('metadata.labels', key, qualifiedName);
    push('metadata.labels', value, labelValue);
  }
  let bytes = 0;
  for (const [key, value] of texts(annotations)) {
    for (const problem of qualifiedName(key.toLowerCase())) errors.push(invalid('metadata.annotations', key, problem));
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > MAX_ANNOTATION_BYTES) errors.push(tooLong('metadata.annotations', MAX_ANNOTATION_BYTES));
  if (Array.isArray(finalizers)) for (const finalizer of finalizers) if (typeof finalizer === 'string') push('metadata.finalizers', finalizer, qualifiedName);
  return errors;

  function push(field: string, value: string, rule: NameRule): void {
    for (const problem of rule(value)) errors.push(invalid(field, value, problem));
  }
}

function texts(map: unknown): [string, string][] {
  if (typeof map !== 'object' || map === null || Array.isArray(map)) return [];
  return Object.entries(map).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
}
