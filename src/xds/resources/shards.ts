import { ScopedRouteConfigurationSchema } from '../../gen/envoy/config/route/v3/scoped_route_pb.ts';
import { encode } from './bytes.ts';

/**
 * How a route table becomes route configurations. Envoy rebuilds a route configuration whole when anything in it
 * changes, some 7 µs of its main thread for each route. So the table of many hosts is cut by a hash of the host:
 *
 *     request ─ shard filter: x-moongate-shard = TABLE#hash(host) ─► scope of that name ─► route configuration TABLE#i
 *
 * Cutting costs each request 6 to 7 µs for the filter and the scope, so small tables are left whole. docs/xds-layout.md has the measurements.
 */
export interface TableLayout {
  /** 1: whole. */
  readonly shards: ShardCount;
}

export type ShardCount = 1 | 64;

/** Hosts from which on a table is cut: swapping one of this size whole takes Envoy some 8 ms, and us as long to put it together and send it. */
export const shardThreshold = 1000;

/** Carries the shard from the filter to the scope look-up. Overwritten on every request and never passed on. */
export const shardHeader = 'x-moongate-shard';

/**
 * The number of shards for a table with so many exact hosts. A change of it replaces the listener's filter chain, whose
 * connections are drained; it depends on nothing but the number, so that the same objects give the same resources.
 */
export function shardCount(exactHosts: number): ShardCount {
  return exactHosts >= shardThreshold ? 64 : 1;
}

/**
 * The shard of a lower-case exact domain; undefined for a wildcard, which goes to every shard. The shard filter computes
 * the same from the Host header.
 */
export function shardOf(domain: string, shards: ShardCount): number | undefined {
  if (domain.includes('*')) return undefined;
  let hash = hashSeed;
  for (let i = 0; i < domain.length; i++) hash = (Math.imul(hash, 33) ^ domain.charCodeAt(i)) | 0;
  return (hash ^ (hash >>> 16)) & (shards - 1);
}

/** Name of the route configuration that holds a shard, and of its scope, which is also the scope's key. */
export function routeConfigurationName(table: string, shard: number, shards: ShardCount): string {
  return shards === 1 ? table : `${table}#${shard}`;
}

/** Encodes the scope that leads requests of a shard to its route configuration; there is one for each shard. */
export function encodeScopedRoute(table: string, shard: number, shards: ShardCount): Uint8Array {
  const name = routeConfigurationName(table, shard, shards);
  return encode(ScopedRouteConfigurationSchema, {
    name,
    routeConfigurationName: name,
    key: { fragments: [{ type: { case: 'stringKey', value: name } }] },
  });
}

/**
 * Lua source of the shard filter: djb2 over the host, lower-cased, up to the port, its upper half folded into the lower,
 * which alone tells hosts with one ending badly apart. Numbers are doubles in Lua, and hash * 33 stays below 2^38, so
 * the product is exact before `bxor` wraps it to 32 bits. An IPv6 literal is cut at its first colon: it is no
 * exact domain, and wildcards are in every shard.
 */
export function shardFilterSource(table: string, shards: ShardCount): string {
  return `local byte, band, bxor, rshift = string.byte, bit.band, bit.bxor, bit.rshift
local names = {}
for i = 0, ${shards - 1} do names[i] = ${luaString(`${table}#`)} .. i end
function envoy_on_request(handle)
  local headers = handle:headers()
  local host = headers:get(":authority") or ""
  local hash = ${hashSeed}
  for i = 1, #host do
    local c = byte(host, i)
    if c == 58 then break end
    if c >= 65 and c <= 90 then c = c + 32 end
    hash = bxor(hash * 33, c)
  end
  headers:replace("${shardHeader}", names[band(bxor(hash, rshift(hash, 16)), ${shards - 1})])
end
`;
}

const hashSeed = 5381;

function luaString(text: string): string {
  const escape = (char: string) => [...new TextEncoder().encode(char)].map((code) => `\\${String(code).padStart(3, '0')}`).join('');
  return `"${text.replace(/[^\w/.#-]/gu, escape)}"`;
}
