import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { LuaSchema } from '../../gen/envoy/extensions/filters/http/lua/v3/lua_pb.ts';
import { StatefulSessionSchema } from '../../gen/envoy/extensions/filters/http/stateful_session/v3/stateful_session_pb.ts';
import { CookieBasedSessionStateSchema } from '../../gen/envoy/extensions/http/stateful_session/cookie/v3/cookie_pb.ts';
import { HeaderBasedSessionStateSchema } from '../../gen/envoy/extensions/http/stateful_session/header/v3/header_pb.ts';
import type { CookieSchema } from '../../gen/envoy/type/http/v3/cookie_pb.ts';
import type { RouteTable } from '../../ir/listener.ts';
import type { CookieSession, Session } from '../../ir/session.ts';
import { assertNever } from '../../util/assert.ts';
import { any } from './bytes.ts';
import { filtersOfRoute, type RouteFilter } from './filters-of-route.ts';

export const sessionFilter = 'envoy.filters.http.stateful_session';

/** The session of a route, or of one of its weighted clusters. A server that is gone is replaced: the filter is not strict. */
export function sessionPolicy(session: Session, scheme: RouteTable['scheme']): Any {
  const filter = { name: sessionFilter, typedConfig: any(StatefulSessionSchema, { sessionState: sessionState(session, scheme) }) };
  return filtersOfRoute(forgottenByClient(session) ? [expiryRemoval(session), filter] : [filter]);
}

function sessionState(session: Session, scheme: RouteTable['scheme']): RouteFilter {
  switch (session.type) {
    case 'cookie':
      return { name: 'envoy.http.stateful_session.cookie', typedConfig: any(CookieBasedSessionStateSchema, { cookie: cookie(session, scheme) }) };
    case 'header':
      return { name: 'envoy.http.stateful_session.header', typedConfig: any(HeaderBasedSessionStateSchema, { name: session.name }) };
    default:
      return assertNever(session);
  }
}

/**
 * Envoy adds HttpOnly by itself, and with a lifetime both Max-Age for the client and the end of the session to the value,
 * which it checks. "This means enabling Secure and HttpOnly, and setting SameSite to Strict" (GEP-1619); a browser that
 * speaks plain HTTP would throw a Secure cookie away.
 */
function cookie({ name, path, lifetime }: CookieSession, scheme: RouteTable['scheme']): MessageInitShape<typeof CookieSchema> {
  return {
    name,
    path,
    ...(lifetime !== undefined && { ttl: durationFromMs(Math.ceil(lifetime / 1000) * 1000) }),
    attributes: [...(scheme === 'https' ? [{ name: 'Secure' }] : []), { name: 'SameSite', value: 'Strict' }],
  };
}

/** A session that ends after a while, in a cookie that the client is to forget even before. */
function forgottenByClient(session: Session): session is CookieSession {
  return session.type === 'cookie' && session.lifetime !== undefined && !session.permanent;
}

/** Takes Max-Age out of a cookie: without it, it is a session cookie (RFC 6265 §5.3). */
function expiryRemoval({ name }: CookieSession): RouteFilter {
  const typedConfig = any(LuaSchema, {
    defaultSourceCode: { specifier: { case: 'inlineString', value: expiryRemovalSource } },
    filterContext: { cookie: `${name}=` },
    sharedVmId: 'moongate.session',
  });
  return { name: 'moongate.session-cookie', typedConfig };
}

/** An answer may set other cookies too, each in a header of its own. */
const expiryRemovalSource = `function envoy_on_response(handle)
  local headers, ours = handle:headers(), handle:filterContext():get("cookie")
  local count = headers:getNumValues("set-cookie")
  if count == 0 then return end
  local cookies = {}
  for i = 1, count do
    local cookie = headers:getAtIndex("set-cookie", i - 1)
    if cookie:sub(1, #ours) == ours then cookie = cookie:gsub("; Max%-Age=%d+", "", 1) end
    cookies[i] = cookie
  end
  headers:remove("set-cookie")
  for i = 1, count do headers:add("set-cookie", cookies[i]) end
end
`;
