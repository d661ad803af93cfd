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

/**
 * Gives each backend of a rule its session. Two sessions cannot share a cookie (GEP-1619, "Session Naming Collision"): where
 * a rule splits its requests, the cookie's name gets something at its end that tells the backends apart. `owner` makes a
 * name unique that nobody gave. A header keeps its name, which the client has to know.
 */
export function withSessions(
  backends: readonly WeightedBackend[],
  spec: SessionPersistence | undefined,
  owner: string,
): readonly WeightedBackend[] {
  if (spec === undefined) return backends;
  return backends.map((share): WeightedBackend => {
    if (share.backend === undefined) return share;
    const mark = contentHash(`${owner} ${share.backend}`).slice(0, markLength);
    const name = spec.cookie?.name;
    return { ...share, session: sessionOf(spec, name !== undefined && backends.length === 1 ? name : `${name ?? defaultName}-${mark}`) };
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
