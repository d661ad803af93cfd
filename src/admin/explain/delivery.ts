import type { FilterChain, Listener } from '../../ir/listener.ts';
import type { XdsType } from '../../xds/server/types.ts';
import { routeConfigurationName, shardOf } from '../../xds/resources/shards.ts';
import type { Explanation } from './explanation.ts';
import type { World } from './world.ts';

/** Shards of a table that is cut. */
const shards = 64;

/** How far the resources that a request depends on have come at Envoy; empty where nothing is delivered. */
export function deliveryOf(
  world: World,
  about: { readonly listener: Listener; readonly chain: FilterChain; readonly host: string; readonly backends: readonly string[] },
): Explanation['delivery'] {
  const { delivery } = world;
  if (delivery === undefined) return [];
  const { listener, chain, host, backends } = about;
  const sharded = world.isSharded(chain.routeTable);
  const routes = sharded ? routeConfigurationName(chain.routeTable, shardOf(host, shards) ?? 0, shards) : chain.routeTable;
  const resources: [XdsType, string][] = [
    ['LDS', listener.key],
    ...(chain.tls?.certificates ?? []).map((name): [XdsType, string] => ['SDS', name]),
    ...(sharded ? [['SRDS', routes] satisfies [XdsType, string]] : []),
    ['RDS', routes],
    ...[...new Set(backends)].flatMap((name): [XdsType, string][] => [['CDS', name], ...(world.endpoints(name) === undefined ? [] : [['EDS', name] satisfies [XdsType, string]])]),
  ];
  return resources.map(([type, name]) => ({ type, name, ...delivery(listener.proxy, type, name) }));
}
