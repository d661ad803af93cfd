import { terminationOf, type FilterChain, type Listener } from '../../ir/listener.ts';
import type { XdsType } from '../../xds/server/types.ts';
import { routeConfigurationName, shardOf } from '../../xds/resources/shards.ts';
import type { Explanation } from './explanation.ts';
import type { World } from './world.ts';

/** Shards of a table that is cut. */
const shards = 64;

/** How far the resources that a request depends on have come at Envoy; empty where nothing is delivered. */
export function deliveryOf(
  world: World,
  about: { readonly listener: Listener; readonly chain: FilterChain; readonly table: string; readonly host: string; readonly backends: readonly string[] },
): Explanation['delivery'] {
  const { delivery } = world;
  if (delivery === undefined) return [];
  const { listener, chain, table, host, backends } = about;
  const sharded = world.isSharded(table);
  const routes = sharded ? routeConfigurationName(table, shardOf(host, shards) ?? 0, shards) : table;
  const resources: [XdsType, string][] = [
    ['LDS', listener.key],
    ...(terminationOf(chain)?.certificates ?? []).map((name): [XdsType, string] => ['SDS', name]),
    ...(sharded ? [['SRDS', routes] satisfies [XdsType, string]] : []),
    ['RDS', routes],
    ...[...new Set(backends)].flatMap((name): [XdsType, string][] => [['CDS', name], ...(world.endpoints(name) === undefined ? [] : [['EDS', name] satisfies [XdsType, string]])]),
  ];
  return resources.map(([type, name]) => ({ type, name, ...delivery(listener.proxy, type, name) }));
}
