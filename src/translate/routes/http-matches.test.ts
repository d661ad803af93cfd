import assert from 'node:assert/strict';
import { test } from 'node:test';
import { httpMatch } from './http-matches.ts';
import type { HTTPRouteMatch } from '../../api/types.ts';
import type { RouteMatch } from '../../ir/route.ts';

const anyPath = { type: 'PathPrefix', value: '/' } as const;

const table: readonly [sentence: string, match: HTTPRouteMatch, expected: Partial<RouteMatch>][] = [
  ['a prefix stays as it is', { path: { type: 'PathPrefix', value: '/a' } }, { path: { type: 'PathPrefix', value: '/a' } }],
  ['a slash at the end of a prefix says nothing', { path: { type: 'PathPrefix', value: '/a/' } }, { path: { type: 'PathPrefix', value: '/a' } }],
  ['the root is all slash', { path: anyPath }, { path: anyPath }],
  ['a slash at the end of an exact path counts', { path: { type: 'Exact', value: '/a/' } }, { path: { type: 'Exact', value: '/a/' } }],
  ['a method is kept', { path: anyPath, method: 'PUT' }, { method: 'PUT' }],
  [
    'names of headers are lower-cased, values are not',
    { path: anyPath, headers: [{ type: 'Exact', name: 'X-Color', value: 'Blue' }] },
    { headers: [{ type: 'Exact', name: 'x-color', value: 'Blue' }] },
  ],
  [
    'of several headers with one name the first counts, and the order stays',
    {
      path: anyPath,
      headers: [
        { type: 'Exact', name: 'a', value: '1' },
        { type: 'Exact', name: 'b', value: '2' },
        { type: 'Exact', name: 'A', value: '3' },
      ],
    },
    {
      headers: [
        { type: 'Exact', name: 'a', value: '1' },
        { type: 'Exact', name: 'b', value: '2' },
      ],
    },
  ],
  [
    'names of query parameters are case-sensitive',
    {
      path: anyPath,
      queryParams: [
        { type: 'Exact', name: 'a', value: '1' },
        { type: 'RegularExpression', name: 'A', value: '.*' },
      ],
    },
    {
      queryParams: [
        { type: 'Exact', name: 'a', value: '1' },
        { type: 'RegularExpression', name: 'A', value: '.*' },
      ],
    },
  ],
];

for (const [sentence, match, expected] of table) {
  test(sentence, () => {
    assert.deepEqual(httpMatch(match), { path: anyPath, method: undefined, headers: [], queryParams: [], ...expected });
  });
}

const bad: readonly [part: string, match: HTTPRouteMatch][] = [
  ['path', { path: { type: 'RegularExpression', value: '(' } }],
  ['header version', { path: anyPath, headers: [{ type: 'RegularExpression', name: 'Version', value: '(' }] }],
  ['query parameter q', { path: anyPath, queryParams: [{ type: 'RegularExpression', name: 'q', value: '(' }] }],
];

for (const [part, match] of bad) {
  test(`a regular expression that RE2 does not know is a fault of the ${part}`, () => {
    const result = httpMatch(match);
    assert.ok('fault' in result);
    assert.equal(result.fault.reason, 'UnsupportedValue');
    assert.match(result.fault.message, new RegExp(`^${part}: regular expression "\\(": .*missing closing`));
  });
}

const pathless: readonly [sentence: string, match: HTTPRouteMatch][] = [
  ['an exact path', { method: 'CONNECT', path: { type: 'Exact', value: '/' } }],
  ['a prefix', { method: 'CONNECT', path: { type: 'PathPrefix', value: '/a' } }],
  ['a query parameter', { method: 'CONNECT', path: anyPath, queryParams: [{ type: 'Exact', name: 'a', value: '1' }] }],
];

for (const [sentence, match] of pathless) {
  test(`a CONNECT cannot have ${sentence}`, () => {
    assert.deepEqual(httpMatch(match), { fault: { reason: 'UnsupportedValue', message: 'method CONNECT: such requests have neither a path nor a query that could be matched' } });
  });
}

test('a CONNECT can have headers', () => assert.ok(!('fault' in httpMatch({ method: 'CONNECT', path: anyPath, headers: [{ type: 'Exact', name: 'a', value: '1' }] }))));

test('an expression that is a look-alike of an exact value is not compiled', () => {
  assert.ok(!('fault' in httpMatch({ path: { type: 'Exact', value: '/(' } })));
});
