import { LuaSchema } from '../../gen/envoy/extensions/filters/http/lua/v3/lua_pb.ts';
import { any } from './bytes.ts';
import type { NamedFilter } from './http-filters.ts';

/**
 * Gives a WebSocket handshake a Sec-WebSocket-Key where it has none: with HTTP/2 there is none (RFC 8441 §5), Envoy makes the request one of
 * HTTP/1.1 for most servers, and these are to refuse it then (RFC 6455 §4.2.1). Sixteen bytes "selected randomly": of a random request id.
 */
export function websocketKeyFilter(): NamedFilter {
  return { name: 'moongate.websocket-key', config: any(LuaSchema, { defaultSourceCode: { specifier: { case: 'inlineString', value: source } }, sharedVmId: 'moongate.websocket' }) };
}

const source = `function envoy_on_request(handle)
  local headers = handle:headers()
  if headers:get("sec-websocket-key") ~= nil then return end
  local id = (headers:get("x-request-id") or ""):gsub("-", "")
  headers:add("sec-websocket-key", handle:base64Escape(("0123456789abcdef" .. id):sub(-16)))
end
`;
