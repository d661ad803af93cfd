import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { kindNamed } from './kinds.ts';
import type { KindName } from './kinds.ts';
import { matchesFormat } from './formats.ts';
import { checkRules } from './rules.ts';
import { startWalk } from './schema-checks.ts';
import { walkValue } from './schema-walk.ts';
import type { Node } from './schema.ts';
import { schemaOf } from './schemas.ts';

const KIND_NAMES: readonly KindName[] = ['Gateway', 'HTTPRoute', 'GRPCRoute', 'ReferenceGrant', 'BackendTLSPolicy', 'Backend', 'ClientTrafficPolicy', 'InferencePool'];

/** No number beyond an int64: the API server refuses it as an integer, JSON schema does not. */
const junk = fc.constantFrom<unknown>(null, true, 0, -1, 80, 1.5, 70_000, 3e9, '', 'a', 'A_B', '10.0.0.1', 'x'.repeat(300), '😀'.repeat(70), [], [null], {}, { a: 1 });

/** Values that a schema allows, mostly. */
function valueOf(node: Node, depth = 0): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 20, arbitrary: goodValue(node, depth) }, { weight: 1, arbitrary: junk });
}

function goodValue(node: Node, depth: number): fc.Arbitrary<unknown> {
  if (node.schema.enum !== undefined) return fc.constantFrom(...node.schema.enum);
  switch (node.types[0]) {
    case 'string': return fc.constantFrom('a', 'example.com', '/a', '10s', '10.0.0.1', 'a.com/b', 'System', 'Terminate', '*.a.com', 'https://a.com', '10Ki');
    case 'integer': return fc.constantFrom(1, 80, 443, node.schema.minimum ?? 0, node.schema.maximum ?? 5);
    case 'number': return fc.constantFrom(1, 0.5);
    case 'boolean': return fc.boolean();
    case 'array': return depth > 8 || node.items === undefined ? fc.constant([]) : fc.array(valueOf(node.items, depth + 1), { maxLength: 2 });
    case 'object': return depth > 8 ? fc.constant({}) : objectOf(node, depth);
    default: return junk;
  }
}

function objectOf(node: Node, depth: number): fc.Arbitrary<unknown> {
  if (typeof node.additional === 'object') return fc.dictionary(fc.constantFrom('a', 'b.c/d', '__proto__', 'constructor'), valueOf(node.additional, depth + 1), { maxKeys: 2 });
  const names = [...node.properties.keys()].filter((name) => name !== 'status');
  const required = new Set(node.schema.required);
  const chosen = fc.subarray(names, { maxLength: Math.min(4, names.length) }).map((some) => [...new Set([...names.filter((name) => required.has(name)), ...some])]);
  return chosen.chain((some) => fc.record(Object.fromEntries(some.map((name) => [name, valueOf(node.properties.get(name) ?? node, depth + 1)]))));
}

describe('the walker finds fault with what ajv finds fault with', () => {
  for (const name of KIND_NAMES) {
    const kind = kindNamed(name);
    const node = schemaOf(kind, kind.storageVersion);
    const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: true, logger: false, ownProperties: true });
    for (const format of ['ipv4', 'ipv6', 'byte', 'date-time']) ajv.addFormat(format, (text) => matchesFormat(format, text));
    ajv.addFormat('int32', { type: 'number', validate: (value) => value >= -(2 ** 31) && value < 2 ** 31 });
    ajv.addFormat('int64', { type: 'number', validate: (value) => Math.abs(value) < 2 ** 63 });
    const { spec } = node.schema.properties ?? {};
    const validate = ajv.compile(spec ?? {});
    const specNode = node.properties.get('spec') ?? node;

    test(name, () => {
      fc.assert(fc.property(valueOf(specNode), (value) => {
        const walk = startWalk();
        const out = walkValue(specNode, value, walk);
        const faults = walk.errors.filter((error) => error.class !== 'duplicate');
        assert.equal(faults.length === 0, validate(out), JSON.stringify([value, walk.errors, validate.errors]));
      }), { numRuns: 200 });
    });

    test(`${name}: walking again what a walk returned changes nothing, and finds the same`, () => {
      fc.assert(fc.property(valueOf(specNode), (value) => {
        const [first, second] = [startWalk(), startWalk()];
        const once = walkValue(specNode, value, first);
        const twice = walkValue(specNode, once, second);
        assert.deepEqual([JSON.stringify(twice), second.unknown], [JSON.stringify(once), []]);
        assert.deepEqual(second.errors, first.errors);
      }), { numRuns: 100 });
    });

    test(`${name}: rules say the same with and without their memory`, () => {
      fc.assert(fc.property(valueOf(specNode), (value) => {
        const out = walkValue(specNode, value, startWalk());
        // What a value was before turns the memory off; none of these kinds has a rule that compares with it.
        const fresh = checkRules(specNode, out, out);
        assert.deepEqual([checkRules(specNode, out, undefined), checkRules(specNode, out, undefined)], [fresh, fresh]);
      }), { numRuns: 50 });
    });
  }
});
