import type { Fault } from '../conditions.ts';
import { durationMs } from '../../api/duration.ts';
import type { SessionPersistence } from '../../api/types.ts';
import type { Session } from '../../ir/session.ts';
import type { WeightedBackend } from '../../ir/route.ts';
import { contentHash } from '../../util/hash.ts';

/** What keeps `sessionPersistence` from being honoured; undefined: nothing. */
export function sessionFault({ type, absoluteTimeout, cookie }: SessionPersistence): Fault | undefined {
  // The client hands back what it was given, and that has no date in it.
  if (type === 'Header' && absoluteTimeout !== undefined) return unsupported('absoluteTimeout is not supported with type Header');
  // It becomes an attribute of a Set-Cookie header (RFC 6265 §4.1.1).
  if (cookie !== undefined && !/^\/[ -:<-~]*$/.test(cookie.path)) return unsupported(`cookie.path ${JSON.stringify(cookie.path)} is no path that a cookie can have`);
  return undefined;
}

function unsupported(message: string): Fault {
  return { reason: 'UnsupportedValue', message };
}

/** What is asked for a backend, and by which object. */
export interface AskedSession {
  readonly spec: SessionPersistence;
  readonly owner: string;
}

/** Finds what a policy asks for a backend, or an XBackend for itself, by the backend's key. */
export type PolicySession = (backend: string) => AskedSession | undefined;

/**
 * Gives each backend of a rule its session. Two sessions cannot share a cookie (GEP-1619, "Session Naming Collision"): where
 * backends of a rule would, the cookie's name gets something at its end that tells them apart. A name that nobody gave
 * is unique to who asks. A header keeps its name, which the client has to know.
 */
export function withSessions(backends: readonly WeightedBackend[], sessionFor: PolicySession): readonly WeightedBackend[] {
  const asked = backends.map(({ backend }) => (backend === undefined ? undefined : sessionFor(backend)));
  const sharers = (name: string) => asked.filter((one) => one?.spec.cookie?.name === name).length;
  return backends.map((share, index): WeightedBackend => {
    const one = asked[index];
    if (one === undefined) return share;
    const mark = contentHash(`${one.owner} ${share.backend}`).slice(0, markLength);
    const name = one.spec.cookie?.name;
    return { ...share, session: sessionOf(one.spec, name !== undefined && sharers(name) === 1 ? name : `${name ?? defaultName}-${mark}`) };
  });
}

const defaultName = 'moongate-session';

/** Characters that tell the cookies of some backends apart: 48 bits. */
const markLength = 8;

function sessionOf({ header, cookie, absoluteTimeout }: SessionPersistence, cookieName: string): Session {
  if (header !== undefined) return { type: 'header', name: header.name.toLowerCase() };
  return {
    type: 'cookie',
    name: cookieName,
    path: cookie?.path ?? '/',
    lifetime: absoluteTimeout === undefined ? undefined : durationMs(absoluteTimeout) || undefined,
    permanent: cookie?.lifetimeType === 'Permanent',
  };
}
