import type { Problem } from './problem.ts';
import { goJson, goQuote } from './go-format.ts';

/**
 * The API server's classes of field errors. The text is what it prints first:
 * https://github.com/kubernetes/apimachinery/blob/master/pkg/util/validation/field/errors.go
 */
const CLASS_TEXT = {
  duplicate: 'Duplicate value',
  forbidden: 'Forbidden',
  invalid: 'Invalid value',
  'not-supported': 'Unsupported value',
  required: 'Required value',
  'too-long': 'Too long',
  'too-many': 'Too many',
  'type-invalid': 'Invalid value',
} as const;

export type FieldErrorClass = keyof typeof CLASS_TEXT;

/** A problem with its class, which decides whether CEL rules still make sense. */
export interface FieldError extends Problem {
  readonly class: FieldErrorClass;
}

/**
 * Classes after which the API server runs no CEL rule, because a rule may rely on what they say is wrong.
 * `hasBlockingErr` in apiextensions-apiserver/pkg/registry/customresource/strategy.go
 */
const BLOCKING: ReadonlySet<FieldErrorClass> = new Set(['not-supported', 'required', 'too-long', 'too-many', 'type-invalid']);

/** True when a CEL rule must not run beside this error. */
export function blocksRules(error: FieldError): boolean {
  return BLOCKING.has(error.class);
}

/** What the API server adds when it skipped CEL rules. */
export const RULES_SKIPPED: FieldError = {
  class: 'invalid',
  severity: 'error',
  field: '',
  message: 'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
};

function fieldError(errorClass: FieldErrorClass, field: string, ...parts: string[]): FieldError {
  const message = [CLASS_TEXT[errorClass], ...parts.filter((part) => part !== '')].join(': ');
  return { class: errorClass, severity: 'error', field, message };
}

/** A value that breaks a rule. Lists and objects are named by JSON. */
export function invalid(field: string, value: unknown, detail: string): FieldError {
  return fieldError('invalid', field, valueText(value), detail);
}

/** A rule that a list or object breaks: the API server leaves the value out. */
export function invalidOmitted(field: string, detail: string): FieldError {
  return fieldError('invalid', field, detail);
}

export function typeInvalid(field: string, value: string, detail: string): FieldError {
  return fieldError('type-invalid', field, goQuote(value), detail);
}

export function required(field: string, detail = ''): FieldError {
  return fieldError('required', field, detail);
}

export function duplicate(field: string, value: unknown): FieldError {
  return fieldError('duplicate', field, valueText(value));
}

export function duplicateOmitted(field: string): FieldError {
  return fieldError('duplicate', field);
}

export function forbidden(field: string, detail: string): FieldError {
  return fieldError('forbidden', field, detail);
}

export function notSupported(field: string, value: unknown, supported: readonly unknown[]): FieldError {
  const values = supported.map((one) => goQuote(typeof one === 'string' ? one : goJson(one)));
  return fieldError('not-supported', field, valueText(value), `supported values: ${values.join(', ')}`);
}

export function tooLong(field: string, limit: number): FieldError {
  return fieldError('too-long', field, `may not be more than ${limit} ${limit === 1 ? 'byte' : 'bytes'}`);
}

export function tooMany(field: string, actual: number, limit: number): FieldError {
  return fieldError('too-many', field, String(actual), `must have at most ${limit} ${limit === 1 ? 'item' : 'items'}`);
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? goQuote(value) : goJson(value);
}
