import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { byPrecedence, type Ranked } from './precedence.ts';
import type { PathMatch, RouteMatch } from '../../ir/route.ts';

function ranked(match: Partial<RouteMatch>, rest: Partial<Omit<Ranked, 'match'>> = {}): Ranked {
  return {
    match: { path: { type: 'PathPrefix', value: '/' }, method: undefined, headers: [], queryParams: [], ...match },
    grpc: undefined,
    createdAt: '',
    routeKey: 'default/r',
    ruleIndex: 0,
    matchIndex: 0,
    ...rest,
  };
}

function path(type: PathMatch['type'], value: string): Partial<RouteMatch> {
  return { path: { type, value } };
}

const value = (name: string) => ({ type: 'Exact' as const, name, value: '1' });

const first: readonly [sentence: string, winner: Ranked, loser: Ranked][] = [
  ['an exact path before a longer prefix', ranked(path('Exact', '/a')), ranked(path('PathPrefix', '/a/b/c/d'))],
  ['an exact path before a regular expression', ranked(path('Exact', '/a')), ranked(path('RegularExpression', '/a.*b.*'))],
  ['a regular expression before a longer prefix', ranked(path('RegularExpression', '/.*')), ranked(path('PathPrefix', '/a/b/c/d'))],
  ['the longer regular expression', ranked(path('RegularExpression', '/a/.*')), ranked(path('RegularExpression', '/.*'))],
  ['a GRPCRoute before an HTTPRoute, whatever they match', ranked({}, { grpc: { service: 0, method: 0 } }), ranked(path('Exact', '/shop.Orders/List'))],
  ['a longer service before a method', ranked({}, { grpc: { service: 4, method: 0 } }), ranked({}, { grpc: { service: 3, method: 9 } })],
  ['a longer method before any number of headers', ranked({}, { grpc: { service: 4, method: 2 } }), ranked({ headers: [value('a')] }, { grpc: { service: 4, method: 1 } })],
  ['more headers of calls to one method', ranked({ headers: [value('a')] }, { grpc: { service: 4, method: 2 } }), ranked({}, { grpc: { service: 4, method: 2 } })],
  ['the longer prefix before a method', ranked(path('PathPrefix', '/a')), ranked({ method: 'GET' })],
  ['a method before any number of headers', ranked({ method: 'GET' }), ranked({ headers: [value('a'), value('b')] })],
  ['more headers before query parameters', ranked({ headers: [value('a')] }), ranked({ queryParams: [value('a'), value('b')] })],
  ['more query parameters', ranked({ queryParams: [value('a')] }), ranked({})],
  ['a query parameter before age', ranked({ queryParams: [value('a')] }, { createdAt: '2026' }), ranked({}, { createdAt: '2025' })],
  ['the older route before the first by name', ranked({}, { createdAt: '2025', routeKey: 'z/z' }), ranked({}, { createdAt: '2026', routeKey: 'a/a' })],
  ['the first by namespace and name', ranked({}, { routeKey: 'a/z', ruleIndex: 5 }), ranked({}, { routeKey: 'b/a' })],
  ['the first rule', ranked({}, { matchIndex: 5 }), ranked({}, { ruleIndex: 1 })],
  ['the first match of a rule', ranked({}), ranked({}, { matchIndex: 1 })],
];

for (const [sentence, winner, loser] of first) {
  test(sentence, () => {
    assert.ok(byPrecedence(winner, loser) < 0);
    assert.ok(byPrecedence(loser, winner) > 0);
  });
}

const anyRanked: fc.Arbitrary<Ranked> = fc
  .record({
    type: fc.constantFrom('Exact' as const, 'PathPrefix' as const, 'RegularExpression' as const),
    path: fc.constantFrom('/', '/a', '/b', '/a/b'),
    method: fc.constantFrom(undefined, 'GET', 'POST'),
    headers: fc.nat(2),
    queryParams: fc.nat(2),
    createdAt: fc.constantFrom('', '2025-01-01T00:00:00Z', '2026-01-01T00:00:00Z'),
    routeKey: fc.constantFrom('a/a', 'a/b', 'b/a'),
    ruleIndex: fc.nat(2),
    matchIndex: fc.nat(2),
  })
  .map(({ type, path: text, method, headers, queryParams, ...rest }) =>
    ranked({ ...path(type, text), method, headers: Array(headers).fill(value('h')), queryParams: Array(queryParams).fill(value('q')) }, rest),
  );

/** Two different matches cannot stand at the same place of the same route. */
const places = fc.uniqueArray(anyRanked, { selector: ({ routeKey, ruleIndex, matchIndex }) => `${routeKey} ${ruleIndex} ${matchIndex}`, maxLength: 12 });

test('the order is total: any permutation is sorted to the same', () => {
  fc.assert(
    fc.property(places.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))), ([list, shuffled]) => {
      assert.deepEqual(shuffled.toSorted(byPrecedence), list.toSorted(byPrecedence));
    }),
  );
});

test('the order is antisymmetric, and only a place is equal to itself', () => {
  fc.assert(
    fc.property(places, (list) => {
      for (const a of list) for (const b of list) assert.equal(Math.sign(byPrecedence(a, b)) + Math.sign(byPrecedence(b, a)), 0);
      for (const a of list) for (const b of list) assert.equal(byPrecedence(a, b) === 0, a === b);
    }),
  );
});
