import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sessionFault, withSessions } from './sessions.ts';
import { share } from '../../../test/support/ir-values.ts';
import type { SessionPersistence } from '../../api/types.ts';
import type { Session } from '../../ir/session.ts';

/** A session in a cookie, as the API server defaults it. */
function inCookie(cookie: Partial<SessionPersistence['cookie']> = {}, rest: Partial<SessionPersistence> = {}): SessionPersistence {
  return { type: 'Cookie', cookie: { lifetimeType: 'Session', path: '/', ...cookie }, ...rest };
}

function sessions(spec: SessionPersistence, backends: readonly string[], owner = 'HTTPRoute/default/app'): (Session | undefined)[] {
  return withSessions(backends.map((backend) => share(backend, 1)), spec, owner).map(({ session }) => session);
}

function names(...of: Parameters<typeof sessions>): (string | undefined)[] {
  return sessions(...of).map((session) => session?.name);
}

const table: readonly [sentence: string, spec: SessionPersistence, expected: Session][] = [
  ['a cookie has the name that it is given', inCookie({ name: 'c' }), { type: 'cookie', name: 'c', path: '/', lifetime: undefined, permanent: false }],
  ['a cookie may end early', inCookie({ name: 'c', path: '/a' }, { absoluteTimeout: '1m' }), { type: 'cookie', name: 'c', path: '/a', lifetime: 60_000, permanent: false }],
  ['0s is no end', inCookie({ name: 'c' }, { absoluteTimeout: '0s' }), { type: 'cookie', name: 'c', path: '/', lifetime: undefined, permanent: false }],
  [
    'a cookie may be kept',
    inCookie({ name: 'c', lifetimeType: 'Permanent' }, { absoluteTimeout: '1h' }),
    { type: 'cookie', name: 'c', path: '/', lifetime: 3_600_000, permanent: true },
  ],
  ['a header is in lower case', { type: 'Header', header: { name: 'X-Session' } }, { type: 'header', name: 'x-session' }],
];

for (const [sentence, spec, expected] of table) test(sentence, () => assert.deepEqual(sessions(spec, ['a']), [expected]));

test('a cookie without a name gets one that is of its route and backend alone', () => {
  const made = [...names(inCookie(), ['a']), ...names(inCookie(), ['b']), ...names(inCookie(), ['a'], 'HTTPRoute/default/other')];
  assert.equal(new Set(made).size, 3);
  for (const name of made) assert.match(name ?? '', /^moongate-session-[\w-]{8}$/);
  assert.deepEqual(names(inCookie(), ['a', 'b']), made.slice(0, 2));
});

test('of several backends each has a cookie of its own, whose name begins as it was given', () => {
  const [a, b] = names(inCookie({ name: 'c' }), ['a', 'b']);
  assert.notEqual(a, b);
  for (const name of [a, b]) assert.match(name ?? '', /^c-[\w-]{8}$/);
});

const faults: readonly [sentence: string, spec: SessionPersistence, message: string | undefined][] = [
  ['a header without an end', { type: 'Header', header: { name: 'x' } }, undefined],
  ['a header with one', { type: 'Header', header: { name: 'x' }, absoluteTimeout: '1h' }, 'absoluteTimeout is not supported with type Header'],
  ['a path with everything that a path may have', inCookie({ path: "/a-b/%20~!$&'()*+,=:@" }), undefined],
  ['a path that is none', inCookie({ path: '' }), 'cookie.path "" is no path that a cookie can have'],
  ['a path with an attribute behind it', inCookie({ path: '/;Domain=x' }), 'cookie.path "/;Domain=x" is no path that a cookie can have'],
  ['a path with another header behind it', inCookie({ path: '/\r\nx: y' }), 'cookie.path "/\\r\\nx: y" is no path that a cookie can have'],
];

for (const [sentence, spec, message] of faults) {
  test(`${sentence} is ${message === undefined ? 'fine' : 'a fault'}`, () => assert.equal(sessionFault(spec)?.message, message));
}
