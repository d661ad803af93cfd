import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assignmentOf } from './assignment.ts';
import type { Endpoint } from '../ir/backend.ts';
import { resourceAt } from '../xds/server/resources.ts';

const server = (ip: string): Endpoint => ({ address: { type: 'ip', ip, port: 80 }, zone: '', draining: false });
const [a, b] = [server('10.0.0.1'), server('10.0.0.2')];

test('each place has what is meant for it, and is not touched by what changes elsewhere', () => {
  const at = (near: readonly Endpoint[], ...places: string[]): string =>
    resourceAt(assignmentOf({ backend: 'b', endpoints: [a, b], near: [{ place: 'zone/a', endpoints: [a] }, { place: 'zone/b', endpoints: near }] }), () => places).version;
  const alone = (...endpoints: Endpoint[]): string => assignmentOf({ backend: 'b', endpoints }).version;
  assert.equal(at([b], 'node/n', 'zone/a'), alone(a));
  assert.equal(at([b], 'zone/b'), alone(b));
  assert.equal(at([b], 'zone/c'), alone(a, b));
  assert.equal(at([b]), alone(a, b));
  assert.equal(at([a, b], 'zone/a'), alone(a));
  assert.equal(at([a, b], 'zone/b'), alone(a, b));
});

test('a change at any place is a change', () => {
  const versions = [[{ place: 'zone/a', endpoints: [a] }], [{ place: 'zone/a', endpoints: [b] }], [{ place: 'zone/b', endpoints: [a] }], undefined].map(
    (near) => assignmentOf({ backend: 'b', endpoints: [a, b], ...(near && { near }) }).version,
  );
  assert.equal(new Set(versions).size, 4);
});
