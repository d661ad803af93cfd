import { invalid, required, tooLong } from './field-error.ts';
import type { FieldError } from './field-error.ts';
import type { Objects } from './kinds.ts';
import { configMapKey } from './names.ts';

/** All values of a Secret or a ConfigMap together, in bytes. */
const MAX_DATA_BYTES = 1024 * 1024;

/** Keys that a Secret of a type must have. */
const REQUIRED_KEYS: Readonly<Record<string, readonly string[]>> = { 'kubernetes.io/tls': ['tls.crt', 'tls.key'] };

/** What is wrong with a Secret whose fields have the right types: `ValidateSecret` in k8s.io/kubernetes/pkg/apis/core/validation. */
export function secretErrors({ data = {}, type }: Objects['Secret']): FieldError[] {
  const broken = base64Errors('data', data);
  if (broken.length > 0) return broken;
  const errors = keyErrors('data', data);
  if (bytes(data) > MAX_DATA_BYTES) errors.push(tooLong('data', MAX_DATA_BYTES));
  for (const key of REQUIRED_KEYS[type] ?? []) if (!Object.hasOwn(data, key)) errors.push(required(`data[${key}]`));
  return errors;
}

/** A Secret as the API server keeps it: what was written as text is in `data` with the rest, and wins over it. */
export function completedSecret(object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { data, stringData, ...rest } = object;
  if (typeof stringData !== 'object' || stringData === null || Array.isArray(stringData)) return object;
  const texts = Object.entries(stringData) as [string, unknown][];
  if (texts.some(([, text]) => typeof text !== 'string')) return object;
  if (data !== undefined && data !== null && (typeof data !== 'object' || Array.isArray(data))) return object;
  return { ...rest, data: { ...data, ...Object.fromEntries(texts.map(([key, text]) => [key, Buffer.from(String(text)).toString('base64')])) } };
}

/** What is wrong with a ConfigMap whose fields have the right types. */
export function configMapErrors({ data = {}, binaryData = {} }: Objects['ConfigMap']): FieldError[] {
  const broken = base64Errors('binaryData', binaryData);
  if (broken.length > 0) return broken;
  const errors = [...keyErrors('data', data), ...keyErrors('binaryData', binaryData)];
  for (const key of Object.keys(data)) if (Object.hasOwn(binaryData, key)) errors.push(invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'));
  const texts = Object.values(data).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (texts + bytes(binaryData) > MAX_DATA_BYTES) errors.push(tooLong('', MAX_DATA_BYTES));
  return errors;
}

function keyErrors(field: string, data: Readonly<Record<string, string>>): FieldError[] {
  return Object.keys(data).flatMap((key) => configMapKey(key).map((problem) => invalid(`${field}[${key}]`, key, problem)));
}

function bytes(data: Readonly<Record<string, string>>): number {
  return Object.values(data).reduce((sum, text) => sum + Math.floor((text.length * 3) / 4), 0);
}

function base64Errors(field: string, data: Readonly<Record<string, string>>): FieldError[] {
  return Object.entries(data).flatMap(([key, text]) => {
    const offset = base64Fault(text);
    return offset === undefined ? [] : [{ ...invalid(`${field}.${key}`, '', ''), message: `illegal base64 data at input byte ${offset}` }];
  });
}

/** Where Go's decoder gives up on a text, or undefined when it is base64. Line breaks are skipped. */
function base64Fault(text: string): number | undefined {
  const plain = text.replaceAll(/[\r\n]/g, '');
  const strange = /[^A-Za-z0-9+/=]|=(?!=?$)/.exec(plain);
  if (strange !== null) return strange.index;
  return plain.length % 4 === 0 ? undefined : plain.length - (plain.length % 4);
}
