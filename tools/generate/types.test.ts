import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Definition, Schema, Version } from './definition.ts';
import { typesOf } from './types.ts';

/** The interfaces that come from a kind `Thing` with these properties of `spec`, without the head of the module. */
function typesOfSpec(spec: Schema): string {
  const schema: Schema = { type: 'object', properties: { metadata: { type: 'object' }, spec }, required: ['spec'] };
  const version: Version = { name: 'v1', served: true, storage: true, schema };
  const definition: Definition = {
    group: 'example.com',
    kind: 'Thing',
    name: 'Thing',
    plural: 'things',
    shortNames: [],
    scope: 'Namespaced',
    versions: [version],
    custom: true,
    json: '',
  };
  const [, body] = typesOf(definition, version).split(`export interface ThingSpec {\n`);
  return body?.replaceAll(/ {2}readonly |;/g, '') ?? '';
}

it('a property is optional unless it is required or has a default', () => {
  const spec: Schema = {
    type: 'object',
    required: ['a'],
    properties: { a: { type: 'string' }, b: { type: 'integer', default: 0 }, c: { type: 'boolean' }, d: { type: 'number', nullable: true } },
  };
  assert.equal(typesOfSpec(spec), 'a: string\nb: number\nc?: boolean\nd?: number | null\n}\n');
});

it('enumerations, ports, maps, lists and free objects have types', () => {
  const spec: Schema = {
    type: 'object',
    required: ['e', 'p', 'm', 'l', 'x', 'any-thing'],
    properties: {
      e: { type: 'string', enum: ['A', 'B'] },
      p: { 'x-kubernetes-int-or-string': true },
      m: { type: 'object', additionalProperties: { type: 'array', items: { type: 'string' } } },
      l: { type: 'array', items: { type: 'string', enum: ['A', 'B'] } },
      x: { type: 'object' },
      'any-thing': {},
    },
  };
  assert.equal(
    typesOfSpec(spec),
    [
      'e: "A" | "B"',
      'p: number | string',
      'm: Readonly<Record<string, ReadonlyArray<string>>>',
      'l: ReadonlyArray<"A" | "B">',
      'x: Readonly<Record<string, unknown>>',
      `'any-thing': unknown`,
      '}',
      '',
    ].join('\n'),
  );
});

it('objects are named after their place, alike ones share a type, and unlike ones take as many words as they need', () => {
  const name: Schema = { type: 'object', properties: { name: { type: 'string' } } };
  const port: Schema = { type: 'object', properties: { port: { type: 'integer' } } };
  const spec: Schema = {
    type: 'object',
    properties: {
      policies: { type: 'array', items: name },
      ref: name,
      matches: { type: 'array', items: { type: 'object', properties: { policy: port } } },
    },
  };
  assert.equal(
    typesOfSpec(spec),
    [
      'policies?: ReadonlyArray<ThingPolicy>\nref?: ThingPolicy\nmatches?: ReadonlyArray<ThingMatch>\n}',
      'export interface ThingPolicy {\nname?: string\n}',
      'export interface ThingMatch {\npolicy?: ThingMatchPolicy\n}',
      'export interface ThingMatchPolicy {\nport?: number\n}\n',
    ].join('\n\n'),
  );
});
