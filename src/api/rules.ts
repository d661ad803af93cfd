import { LRUCache } from 'lru-cache';
import { Reads, readPart } from './cel-reads.ts';
import { celValue, errorText, programOf } from './cel.ts';
import type { CelValues, Program } from './cel.ts';
import { duplicate, duplicateOmitted, forbidden, invalid, invalidOmitted, required } from './field-error.ts';
import type { FieldError } from './field-error.ts';
import { MapKey, fieldPath } from './field-path.ts';
import type { Step } from './field-path.ts';
import type { Node, ValidationRule } from './schema.ts';

/** Values longer than this, as JSON, are checked each time: they hardly repeat. */
const MAX_REMEMBERED_CHARS = 4096;
/** Limits what remembered values may take, in characters of JSON: some 10,000 of the usual size. */
const MAX_MEMORY_CHARS = 4 * 1024 * 1024;

/**
 * Values that passed all rules of a schema and of the schemas below it, by schema number and JSON, and parts of values that passed the rules
 * of a schema alone, which read no more than that. Most objects repeat the same small filters, matches and references, a change of an object
 * is mostly one that no rule cares for, and asking here costs a hundredth of what evaluating does.
 */
const passed = new LRUCache<string, true>({ maxSize: MAX_MEMORY_CHARS, sizeCalculation: (_value, key) => key.length });
const numbers = new WeakMap<Node, number>();
let lastNumber = 0;
const reads = new WeakMap<Node, Reads>();

function numberOf(node: Node): number {
  let number = numbers.get(node);
  if (number === undefined) numbers.set(node, (number = ++lastNumber));
  return number;
}

/** What the rules of a schema itself read. */
function readsOf(node: Node): Reads {
  let found = reads.get(node);
  if (found === undefined) {
    reads.set(node, (found = new Reads()));
    for (const { rule } of node.rules) programOf(rule).addReads(found);
  }
  return found;
}

/** One check of one object. */
interface Check {
  readonly steps: Step[];
  readonly errors: FieldError[];
  readonly values: CelValues;
}

/**
 * Evaluates the CEL rules of a schema on a value that satisfies the schema otherwise, and returns what fails. `old` is the value's former
 * state; rules that compare with it are skipped when it is undefined.
 */
export function checkRules(node: Node, value: unknown, old: unknown): FieldError[] {
  const check: Check = { steps: [], errors: [], values: new Map() };
  checkValue(node, value, old, check);
  return check.errors;
}

function checkValue(node: Node, value: unknown, old: unknown, check: Check): void {
  if (!node.hasRules || value === null || value === undefined) return;
  if (node.rules.length === 0) {
    checkBelow(node, value, old, check);
    return;
  }
  const memory = old === undefined ? remembered(`${numberOf(node)} `, JSON.stringify(value)) : undefined;
  if (memory !== undefined && passed.get(memory) === true) return;
  const before = check.errors.length;
  checkOwnRules(node, value, old, check);
  checkBelow(node, value, old, check);
  if (memory !== undefined && check.errors.length === before) passed.set(memory, true);
}

function checkOwnRules(node: Node, value: unknown, old: unknown, check: Check): void {
  const memory = old === undefined ? remembered(`${numberOf(node)} reads `, readPart(value, readsOf(node))) : undefined;
  if (memory !== undefined && passed.get(memory) === true) return;
  const before = check.errors.length;
  for (const rule of node.rules) checkRule(node, rule, value, old, check);
  if (memory !== undefined && check.errors.length === before) passed.set(memory, true);
}

function remembered(prefix: string, text: string): string | undefined {
  return text.length <= MAX_REMEMBERED_CHARS ? prefix + text : undefined;
}

function checkBelow(node: Node, value: unknown, old: unknown, check: Check): void {
  if (Array.isArray(value)) {
    const { items } = node;
    if (items?.hasRules !== true) return;
    for (const [index, item] of value.entries()) checkStep(items, index, item, oldItem(node, item, old), check);
  } else if (typeof value === 'object') {
    const { additional, properties } = node;
    for (const [name, one] of Object.entries(value as object) as [string, unknown][]) {
      const property = properties.get(name);
      if (property !== undefined) checkStep(property, name, one, oldField(old, name), check);
      else if (typeof additional === 'object') checkStep(additional, new MapKey(name), one, oldField(old, name), check);
    }
  }
}

function checkStep(node: Node, step: Step, value: unknown, old: unknown, check: Check): void {
  if (!node.hasRules) return;
  check.steps.push(step);
  checkValue(node, value, old, check);
  check.steps.pop();
}

function oldField(old: unknown, name: string): unknown {
  return typeof old === 'object' && old !== null && Object.hasOwn(old, name) ? (old as Record<string, unknown>)[name] : undefined;
}

/** The former state of an item: known only in lists whose items have keys. */
function oldItem(node: Node, item: unknown, old: unknown): unknown {
  const keys = node.schema['x-kubernetes-list-type'] === 'map' ? node.schema['x-kubernetes-list-map-keys'] : undefined;
  if (keys === undefined || !Array.isArray(old)) return undefined;
  return old.find((one) => keys.every((key) => oldField(one, key) === oldField(item, key)));
}

function checkRule(node: Node, rule: ValidationRule, value: unknown, old: unknown, check: Check): void {
  const program = programOf(rule.rule);
  if (program.usesOldSelf && old === undefined) return;
  const result = evaluate(program, node, value, old, check);
  if (result === true) return;
  const path = fieldPath(check.steps);
  const failure = errorText(result);
  if (failure !== undefined) {
    check.errors.push(invalid(path, node.schema.type ?? '', `${failure} evaluating rule: ${ruleText(rule)}`));
    return;
  }
  check.errors.push(violation(rule, path + (rule.fieldPath ?? ''), value, messageOf(node, rule, value, old, check)));
}

function evaluate(program: Program, node: Node, value: unknown, old: unknown, check: Check): ReturnType<Program['evaluate']> {
  return program.evaluate(celValue(node, value, check.values), old === undefined ? undefined : celValue(node, old, check.values));
}

function messageOf(node: Node, rule: ValidationRule, value: unknown, old: unknown, check: Check): string {
  if (rule.messageExpression !== undefined) {
    const result = evaluate(programOf(rule.messageExpression), node, value, old, check);
    if (typeof result === 'string' && result.trim() !== '' && !result.includes('\n')) return result.trim();
  }
  return rule.message === undefined ? `failed rule: ${ruleText(rule)}` : rule.message.trim();
}

function ruleText(rule: ValidationRule): string {
  return (rule.message ?? rule.rule).trim();
}

/** `fieldErrorForReason` in apiextensions-apiserver/pkg/apiserver/schema/cel: lists and objects are not printed. */
function violation(rule: ValidationRule, path: string, value: unknown, message: string): FieldError {
  const scalar = typeof value !== 'object';
  switch (rule.reason) {
    case 'FieldValueForbidden': return forbidden(path, message);
    case 'FieldValueRequired': return required(path, message);
    case 'FieldValueDuplicate': return scalar ? duplicate(path, value) : duplicateOmitted(path);
    default: return scalar ? invalid(path, value, message) : invalidOmitted(path, message);
  }
}
