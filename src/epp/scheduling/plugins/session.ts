/** How a session is kept with a server, for the scorer and the filter. */
import { choice, list, number, object, reference, string, type Values } from '../../config/fields.ts';
import type { Place } from '../../config/place.ts';
import type { Endpoint } from '../../endpoints/endpoint.ts';
import type { Decision } from '../plugin.ts';
import type { Made } from '../plugin-type.ts';

const defaultSessionIdHeader = 'x-session-id';

/** Sessions that are remembered at most; beyond that the one that was silent for longest is forgotten. */
const maxSessions = 200_000;

/** Longer session names are not remembered. */
const maxSessionBytes = 512;

export const sessionParameters = {
  strategy: choice(['encoded_endpoint_header', 'session_id'], { default: 'encoded_endpoint_header', about: 'a header names the server and goes to and fro; or the name of a session is remembered with its server' }),
  encodedEndpointHeaderConfig: object({ header: string({ default: 'x-session-token', about: 'of request and answer: base64 of `namespace/name`' }) }, { about: 'for `encoded_endpoint_header`' }),
  sessionIdConfig: object(
    {
      sources: list(
        object(
          {
            header: string({ about: 'a header with the name of the session' }),
            attribute: string({ about: 'or what a `session-id-producer` found, whatever this says' }),
            producer: reference({ kinds: ['session-id-producer'], about: 'which one; the type unless it has another name', default: 'session-id-producer' }),
          },
          { about: 'one place' },
        ),
        { about: `where sessions have their names, the first that is there; \`${defaultSessionIdHeader}\` when nothing is said` },
      ),
      evictionTtlSeconds: number({ default: 300, above: 0, about: 'silence after which a session is forgotten' }),
      evictionSweepSeconds: number({ default: 10, above: 0, about: 'accepted; expired sessions are found as others come' }),
    },
    { about: 'for `session_id`' },
  ),
  profileName: string({ default: '', about: 'the profile whose server is kept; that of the client when empty' }),
};

type SessionValues = Values<typeof sessionParameters>;

export function checkSession({ sessionIdConfig: { sources } }: SessionValues, place: Place): void {
  sources.forEach(({ header, attribute }, i) => {
    if ((header === undefined) === (attribute === undefined)) place.at('sessionIdConfig').at('sources').at(i).error('must have either header or attribute');
  });
}

/** Producers of session names that are needed. */
export function sessionProducers({ strategy, sessionIdConfig: { sources } }: SessionValues): readonly string[] {
  return strategy === 'session_id' ? sources.filter(({ attribute }) => attribute !== undefined).map(({ producer }) => producer) : [];
}

/** Knows the server of a session; what it wants to hear is in `observer`. */
export interface SessionAffinity {
  /** Name of the server that the request's session is bound to. */
  boundTo(decision: Decision): string | undefined;
  readonly observer: Pick<Made, 'picked' | 'responseHeaders'>;
}

export function sessionAffinity(values: SessionValues): SessionAffinity {
  return values.strategy === 'session_id' ? byName(values) : byHeader(values);
}

function byHeader({ encodedEndpointHeaderConfig, profileName }: SessionValues): SessionAffinity {
  const header = encodedEndpointHeaderConfig.header.trim().toLowerCase() || 'x-session-token';
  const chosen = new WeakMap<Decision, Endpoint>();
  return {
    boundTo({ request }) {
      const token = request.headers.get(header);
      return token === undefined || token.length > maxSessionBytes ? undefined : Buffer.from(token, 'base64').toString();
    },
    observer: {
      picked(decision, { profile, endpoints: [first] }) {
        if (first !== undefined && profile === profileName) chosen.set(decision, first);
      },
      responseHeaders(decision, endpoint) {
        const named = profileName === '' ? endpoint : chosen.get(decision);
        return named === undefined ? [] : [[header, Buffer.from(named.name).toString('base64')]];
      },
    },
  };
}

interface Binding {
  readonly server: string;
  /** Milliseconds on the monotonic clock. */
  readonly until: number;
}

function byName({ sessionIdConfig: { sources, evictionTtlSeconds }, profileName }: SessionValues): SessionAffinity {
  /** The session that was silent for longest is first. */
  const bindings = new Map<string, Binding>();
  const places = sources.length > 0 ? sources : [{ header: defaultSessionIdHeader, attribute: undefined, producer: '' }];
  const sessionOf = ({ request, sessions }: Decision): string | undefined => {
    for (const { header, producer } of places) {
      const id = (header === undefined ? sessions.get(producer) : request.headers.get(header.trim().toLowerCase()))?.trim();
      if (id !== undefined && id !== '' && id.length <= maxSessionBytes) return id;
    }
    return undefined;
  };
  const bound = (session: string, now: number): string | undefined => {
    const binding = bindings.get(session);
    return binding !== undefined && binding.until > now ? binding.server : undefined;
  };
  const forget = (now: number): void => {
    for (const [session, { until }] of bindings) {
      if (until > now && bindings.size <= maxSessions) break;
      bindings.delete(session);
    }
  };
  return {
    boundTo(decision) {
      const session = sessionOf(decision);
      return session === undefined ? undefined : bound(session, decision.now);
    },
    observer: {
      picked(decision, { profile, endpoints: [first], candidates }, stage) {
        const session = sessionOf(decision);
        if (session === undefined || first === undefined || !(profileName === '' ? stage === 'decode' : profile === profileName)) return;
        const before = bound(session, decision.now);
        // A session that was sent elsewhere for once, because other scores said so, stays where it is.
        if (before !== undefined && before !== first.name && candidates.some(({ name }) => name === before)) return;
        bindings.delete(session);
        bindings.set(session, { server: first.name, until: decision.now + evictionTtlSeconds * 1000 });
        forget(decision.now);
      },
    },
  };
}
