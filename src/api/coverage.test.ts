import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DEFINITIONS } from '../gen/k8s/definitions.ts';
import { programOf } from './cel.ts';
import { formerDefinitions } from './former-kinds.ts';
import { KINDS, kindNamed } from './kinds.ts';
import type { KindName } from './kinds.ts';
import { schemaOf } from './schemas.ts';
import type { Node, ValidationRule } from './schema.ts';
import { messageCases, messageFiles } from './testdata/testing.ts';

/** Rules of a schema, without those of its status, which users do not write. */
function rulesOf(node: Node, top = true): ValidationRule[] {
  const below = [...node.properties].filter(([name]) => !top || name !== 'status').map(([, property]) => property);
  if (node.items !== undefined) below.push(node.items);
  if (typeof node.additional === 'object') below.push(node.additional);
  return [...node.rules, ...below.flatMap((one) => rulesOf(one, false))];
}

const recorded = messageFiles().flatMap((file) =>
  messageCases(file).flatMap(({ object, messages }) => messages.map(({ message }) => ({ kind: (object as { kind: string }).kind, message }))),
);

describe('the recorded messages cover', () => {
  const kinds: readonly KindName[] = [
    'Backend', 'BackendTLSPolicy', 'Gateway', 'GatewayClass', 'GRPCRoute', 'HTTPRoute', 'ListenerSet', 'ReferenceGrant', 'TCPRoute', 'TLSRoute', 'UDPRoute',
  ];
  /** Rules that no object can break that gets so far: a schema or another rule refuses it before. */
  const unbreakable: readonly string[] = [
    // `type` is an enumeration, too.
    "type must be one of ['Exact', 'PathPrefix', 'RegularExpression']",
    // The pattern of an item is stricter than the rule.
    'Hostnames must be valid based on RFC-1123',
  ];
  for (const name of kinds) {
    test(`every CEL rule of ${name}`, () => {
      const kind = kindNamed(name);
      const messages = recorded.filter((one) => one.kind === name).map(({ message }) => message);
      const rules = new Set(rulesOf(schemaOf(kind, kind.storageVersion)).map((rule) => (rule.message ?? rule.rule).trim()));
      const missing = [...rules].filter((text) => !messages.some((message) => message.endsWith(text)) && !unbreakable.includes(text));
      assert.deepEqual(missing, []);
    });
  }
});

test('every kind has a type, and its schemas and rules are ones that we understand', () => {
  assert.deepEqual([...KINDS.keys()].toSorted(), [...DEFINITIONS, ...formerDefinitions(DEFINITIONS)].map(({ name }) => name).toSorted());
  let rules = 0;
  for (const kind of KINDS.values()) {
    for (const { name } of kind.versions) {
      for (const rule of rulesOf(schemaOf(kind, name))) {
        programOf(rule.rule);
        rules++;
      }
    }
  }
  assert.ok(rules > 500);
});
