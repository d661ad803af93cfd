import { terminationOf, type FilterChain, type Listener } from '../../ir/listener.ts';
import type { XdsType } from '../../xds/server/types.ts';
import { routeConfigurationName, shardOf } from '../../xds/resources/shards.ts';
import type { Explanation } from './explanation.ts';
import type { World } from './world.ts';

/** Shards of a table that is cut. */
const shards = 64;

/** A resource that an answer depends on. */
type Needed = readonly [type: XdsType, name: string];

/** A listener, and the certificates that it shows and asks for. */
export function listenerResources(listener: Listener, chain: FilterChain | undefined): Needed[] {
  const { certificates = [], clientValidation } = (chain && terminationOf(chain)) ?? {};
  const secrets = [...certificates, ...(clientValidation === undefined ? [] : [clientValidation.trustBundle])];
  return [['LDS', listener.key], ...secrets.map((name): Needed => ['SDS', name])];
}

/** The part of a route table that has a host. */
export function tableResources(world: World, table: string, host: string): Needed[] {
  if (!world.isSharded(table)) return [['RDS', table]];
  const name = routeConfigurationName(table, shardOf(host, shards) ?? 0, shards);
  return [['SRDS', name], ['RDS', name]];
}

/** Backends with their endpoints. */
export function backendResources(world: World, backends: readonly string[]): Needed[] {
  return [...new Set(backends)].flatMap((name): Needed[] => [['CDS', name], ...(world.endpoints(name) === undefined ? [] : [['EDS', name] satisfies Needed])]);
}

/** How far resources have come at the Envoys of a proxy; empty where nothing is delivered. */
export function deliveryOf({ delivery }: World, proxy: string, resources: readonly Needed[]): Explanation['delivery'] {
  return delivery === undefined ? [] : resources.map(([type, name]) => ({ type, name, ...delivery(proxy, type, name) }));
}
