import assert from 'node:assert/strict';
import { test } from 'node:test';
import { httpRule } from './http-rule.ts';
import type { RuleContext, TranslatedRule } from './rules.ts';
import { decoded } from '../testing.ts';
import type { Action, Forward } from '../../ir/route.ts';

const context: RuleContext = {
  owner: 'HTTPRoute/default/app',
  version: 'v',
  field: 'rules[0]',
  rejected: false,
  policySession: () => undefined,
  resolve: ({ name }) => (name === 'missing' ? { fault: { reason: 'BackendNotFound', message: 'missing' } } : { backend: name }),
};

function rule(spec: Readonly<Record<string, unknown>>, changed: Partial<RuleContext> = {}): TranslatedRule {
  const [first] = decoded('HTTPRoute', { metadata: { name: 'app' }, spec: { rules: [spec] } }).object.spec.rules;
  assert.ok(first);
  return httpRule(first, { ...context, ...changed });
}

const app = { name: 'app', port: 80 };
const missing = { name: 'missing', port: 80 };

function forward({ type, ...rest }: Action): Omit<Forward, 'type'> {
  assert.equal(type, 'forward');
  return rest as Forward;
}

const refused: readonly [sentence: string, spec: Readonly<Record<string, unknown>>][] = [
  ['no backends', {}],
  ['backends without weight', { backendRefs: [{ ...app, weight: 0 }] }],
  ['invalid backends only', { backendRefs: [missing] }],
  ['a valid backend without weight beside an invalid one', { backendRefs: [{ ...app, weight: 0 }, missing] }],
];

for (const [sentence, spec] of refused) {
  test(`${sentence}: 500, and the rule counts as working`, () => {
    const { rule: translated, works } = rule(spec);
    assert.deepEqual(translated.action, { type: 'direct', statusCode: 500, body: '' });
    assert.equal(works, true);
  });
}

test('backends without weight are left out, invalid ones keep their share', () => {
  const { rule: translated, refFaults } = rule({ backendRefs: [{ ...app, weight: 3 }, { ...app, name: 'zero', weight: 0 }, missing] });
  assert.deepEqual(forward(translated.action).backends.map(({ backend, weight }) => [backend, weight]), [['app', 3], [undefined, 1]]);
  assert.deepEqual(refFaults, [{ reason: 'BackendNotFound', message: 'rules[0].backendRefs[2]: missing' }]);
});

const rewrite = { type: 'URLRewrite', urlRewrite: { path: { type: 'ReplaceFullPath', replaceFullPath: '/a' } } };

const pathless: readonly [sentence: string, spec: Readonly<Record<string, unknown>>, message: string][] = [
  ['a redirect', { filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https' } }] }, 'rules[0]: filter RequestRedirect'],
  ['a path', { filters: [rewrite], backendRefs: [app] }, 'rules[0]: filter URLRewrite with a path'],
  ['a path of a backend', { backendRefs: [{ ...app, filters: [rewrite] }] }, 'rules[0].backendRefs[0]: filter URLRewrite with a path'],
];

for (const [sentence, spec, message] of pathless) {
  test(`a CONNECT has no path for ${sentence}: 500`, () => {
    const { rule: translated, faults } = rule({ matches: [{ method: 'CONNECT' }], ...spec });
    assert.deepEqual(translated.action, { type: 'direct', statusCode: 500, body: '' });
    assert.deepEqual(faults, [{ reason: 'UnsupportedValue', message: `${message} is not supported with method CONNECT, whose requests have no path` }]);
  });
}

test('a filter that a backend cannot have makes its share invalid, without its header changes', () => {
  const filters = [
    { type: 'RequestHeaderModifier', requestHeaderModifier: { remove: ['a'] } },
    { type: 'RequestMirror', requestMirror: { backendRef: app } },
  ];
  const { rule: translated, faults, works } = rule({ backendRefs: [app, { ...app, filters }] });
  const second = forward(translated.action).backends[1];
  assert.equal(second?.backend, undefined);
  assert.deepEqual(second?.requestHeaders.remove, []);
  assert.deepEqual(faults.map(({ message }) => message), ['rules[0].backendRefs[1]: filter RequestMirror is not supported on a backendRef']);
  assert.equal(works, true);
});

test('a prefix that no match has cannot be replaced for a backend', () => {
  const filters = [{ type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/b' } } }];
  const backendRefs = [{ ...app, filters }, { ...app, filters }, app];
  const exact = rule({ matches: [{ path: { type: 'Exact', value: '/a' } }], backendRefs });
  assert.deepEqual(forward(exact.rule.action).backends.map(({ backend }) => backend), [undefined, undefined, 'app']);
  const message = 'rules[0].backendRefs[0]: filter URLRewrite replaces a prefix, and not all matches of the rule are of type PathPrefix';
  assert.deepEqual(exact.faults[0], { reason: 'UnsupportedValue', message });
  assert.deepEqual(rule({ matches: [{ path: { value: '/a' } }], backendRefs }).faults, []);
});

test('0s and nothing are no timeout', () => {
  const { rule: translated } = rule({ backendRefs: [app], timeouts: { request: '0s' } });
  assert.deepEqual(forward(translated.action).timeouts, { request: undefined, backendRequest: undefined });
});

test('timeouts are milliseconds', () => {
  const { rule: translated } = rule({ backendRefs: [app], timeouts: { request: '1m', backendRequest: '1s500ms' } });
  assert.deepEqual(forward(translated.action).timeouts, { request: 60_000, backendRequest: 1500 });
});

test('retries have their codes in order', () => {
  const { rule: translated } = rule({ backendRefs: [app], retry: { codes: [503, 500], attempts: 2, backoff: '100ms' } });
  assert.deepEqual(forward(translated.action).retry, { attempts: 2, codes: [500, 503], backoff: 100 });
});

test('a redirect needs no backend', () => {
  const { rule: translated, faults } = rule({ filters: [{ type: 'RequestRedirect', requestRedirect: { port: 1 } }] });
  assert.equal(translated.action.type, 'redirect');
  assert.deepEqual(faults, []);
});

test('a session that cannot be kept is said, and answered with 500', () => {
  const { rule: translated, faults, works } = rule({ backendRefs: [app], sessionPersistence: { cookie: { path: 'relative' } } });
  assert.equal(translated.action.type, 'direct');
  assert.deepEqual(faults.map(({ message }) => message), ['rules[0].sessionPersistence: cookie.path "relative" is no path that a cookie can have']);
  assert.equal(works, false);
});

test('each backend has a session, invalid ones have none', () => {
  const { rule: translated } = rule({ backendRefs: [app, { ...app, name: 'other' }, missing], sessionPersistence: { type: 'Header', header: { name: 'X-A' } } });
  const session = { type: 'header', name: 'x-a' };
  assert.deepEqual(forward(translated.action).backends.map((backend) => backend.session), [session, session, undefined]);
});

test('a match that cannot be compiled is left out, the others keep their number', () => {
  const { matches, faults, works } = rule({
    matches: [{ path: { type: 'RegularExpression', value: '/(' } }, { path: { value: '/fine' } }],
    backendRefs: [app],
  });
  assert.deepEqual(matches.map(({ index, match }) => [index, match.path.value]), [[1, '/fine']]);
  assert.equal(faults[0]?.reason, 'UnsupportedValue');
  assert.equal(works, true);
});

test('a rule without a match that works does not work', () => {
  assert.equal(rule({ matches: [{ path: { type: 'RegularExpression', value: '/(' } }], backendRefs: [app] }).works, false);
});

test('what Envoy refused is answered with 500, without anything that it has to compile or to set', () => {
  const spec = {
    matches: [{ path: { type: 'RegularExpression', value: '/a.*' } }, { path: { value: '/b' } }],
    filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'a', value: '1' }] } }],
    backendRefs: [app],
  };
  const { matches, rule: translated, works } = rule(spec, { rejected: true });
  assert.deepEqual(matches.map(({ index }) => index), [1]);
  assert.deepEqual(translated.requestHeaders.set, []);
  assert.equal(translated.action.type, 'direct');
  assert.equal(works, false);
});
