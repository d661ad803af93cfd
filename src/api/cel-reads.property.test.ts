import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from '@bufbuild/cel';
import fc from 'fast-check';
import { Reads, addReads, readPart } from './cel-reads.ts';
import { celValue, errorText, programOf } from './cel.ts';
import { KINDS } from './kinds.ts';
import type { Node } from './schema.ts';
import { schemaOf } from './schemas.ts';

function reads(rule: string): Reads {
  const found = new Reads();
  const { expr } = parse(rule);
  assert.ok(expr);
  addReads(expr, found);
  return found;
}

const part = (rule: string, value: unknown): string => readPart(value, reads(rule));

test('a field is read whole, for its presence, or on the way to another', () => {
  const value = { a: { b: 1, c: 2 }, d: 3, e: 4 };
  assert.equal(part('self.a.b == 1 && has(self.d)', value), '{a:{b:1},d:number}');
  assert.equal(part('self.a == self.x', value), '{a:{"b":1,"c":2}}');
  assert.equal(part('has(self.a.z)', value), '{a:{}}');
  assert.equal(part('self == self.a', value), JSON.stringify(value));
});

test('of a list its length is read, and of its items what the macro reads', () => {
  const value = [{ type: 'A', rest: 1 }, { type: 'B', b: {}, rest: 2 }];
  assert.equal(part("self.all(f, f.type == 'A' || has(f.b))", value), '[{type:"A"},{type:"B",b:{}}]');
  assert.equal(part("self.filter(f, f.type == 'A').size() <= 1", value), '[{type:"A"},{type:"B"}]');
  assert.equal(part("self.filter(f, f.type == 'A') == []", value), JSON.stringify(value).slice(1, -1).replace(/^/, '[').concat(']'));
  assert.equal(part('size(self) > 1', value), '[2]');
  assert.equal(part('self[0].rest == 1', value), '[{rest:1},{rest:2}]');
  assert.equal(part('self.exists(a, self.exists(b, a.type == b.type))', value), '[{type:"A"},{type:"B"}]');
});

test('the keys of a map and the length of a text are read with all of it', () => {
  assert.equal(part("self.all(k, k != 'a')", { a: 1, b: 2 }), '{"a":1,"b":2}');
  assert.equal(part('size(self.a) > 1', { a: 'xy', b: 2 }), '{a:"xy"}');
  assert.equal(part("self.__namespace__ == ''", { namespace: 'x', name: 'y' }), '{namespace:"x"}');
});

function nodesWithRules(node: Node, seen = new Set<Node>()): Node[] {
  if (seen.has(node)) return [];
  seen.add(node);
  const below = [...node.properties.values(), ...(node.items === undefined ? [] : [node.items]), ...(typeof node.additional === 'object' ? [node.additional] : [])];
  return [...(node.rules.length > 0 ? [node] : []), ...below.flatMap((one) => nodesWithRules(one, seen))];
}

/** Small values of a schema's shape, with the fields that a rule names and a few others, and the texts that it compares with. */
function valueOf(node: Node, rule: string, depth = 0): fc.Arbitrary<unknown> {
  if (node.schema.enum !== undefined) return fc.constantFrom(...node.schema.enum);
  switch (node.types[0]) {
    case 'string': return fc.constantFrom('', 'a', '/a', '10s', ...[...rule.matchAll(/'([^']*)'/g)].map(([, text]) => text ?? ''));
    case 'integer': case 'number': return fc.constantFrom(0, 1, 80);
    case 'boolean': return fc.boolean();
    case 'array': return node.items === undefined || depth > 5 ? fc.constant([]) : fc.array(valueOf(node.items, rule, depth + 1), { maxLength: 3 });
    case 'object': {
      if (depth > 5) return fc.constant({});
      if (typeof node.additional === 'object') return fc.dictionary(fc.constantFrom('a', 'b'), valueOf(node.additional, rule, depth + 1), { maxKeys: 2 });
      const all = [...node.properties.keys()];
      const named = all.filter((name) => new RegExp(`\\b(?:__)?${name}(?:__)?\\b`).test(rule));
      const names = [...named, ...all.filter((name) => !named.includes(name)).slice(0, 2)];
      const fields = names.flatMap((name) => {
        const property = node.properties.get(name);
        return property === undefined ? [] : [[name, valueOf(property, rule, depth + 1)] as const];
      });
      return fc.record(Object.fromEntries(fields), { requiredKeys: [] });
    }
    default: return fc.constantFrom<unknown>(80, 'a', '10%');
  }
}

// fast-check prints the seed of a failure.
test('values of which a rule reads the same have the same result, for every rule of every kind', () => {
  const nodes = [...KINDS.values()].flatMap((kind) => nodesWithRules(schemaOf(kind, kind.storageVersion)));
  assert.ok(nodes.length > 100, `${nodes.length} schemas`);
  let equal = 0;
  const done = new Set<string>();
  for (const node of nodes) {
    for (const { rule } of node.rules) {
      if (done.has(rule) || programOf(rule).usesOldSelf) continue;
      done.add(rule);
      const result = (value: unknown): unknown => {
        const found = programOf(rule).evaluate(celValue(node, value, new Map()), undefined);
        return errorText(found) ?? found;
      };
      const byPart = new Map<string, { readonly value: unknown; readonly result: unknown }>();
      fc.assert(
        fc.property(valueOf(node, rule), (value) => {
          const read = part(rule, value);
          const earlier = byPart.get(read);
          if (earlier === undefined) byPart.set(read, { value, result: result(value) });
          else {
            equal++;
            assert.deepEqual(result(value), earlier.result, `${rule}: ${JSON.stringify(value)} and ${JSON.stringify(earlier.value)}`);
          }
        }),
        { numRuns: 60 },
      );
    }
  }
  assert.ok(equal > 3000, `only ${equal} pairs`);
});
