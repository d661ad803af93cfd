import { sharedClusterAddresses, type ClusterAddresses } from './addresses.ts';
import type { Fleet } from './ports.ts';
import type { Class } from '../gateway-classes.ts';
import type { Inputs } from '../inputs.ts';
import type { ProxySettings } from '../parameters.ts';
import type { Collection } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';

/** What a fleet of proxies is to run on, in the words of its Gateway and its class. Key: the proxy's id. */
export interface Infrastructure {
  readonly proxy: string;
  /** undefined: the fleet serves all Gateways of its class. */
  readonly gateway: ObjectIdentity | undefined;
  readonly gatewayClass: Omit<ObjectIdentity, 'namespace'>;
  /** `spec.infrastructure` of the Gateway: for everything that is made for it. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** IP addresses that it asks for. */
  readonly addresses: readonly string[];
  /** Left out where no address in the cluster is asked for. */
  readonly clusterAddresses?: ClusterAddresses;
  readonly settings: ProxySettings | undefined;
}

/** An object, and which of those that may have had its name; uid '': its source does not tell. */
export interface ObjectIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** The infrastructure of every fleet. */
export function infrastructure(
  graph: Graph,
  inputs: Inputs,
  from: { readonly fleets: Collection<Fleet>; readonly classes: Collection<Class> },
): Collection<Infrastructure> {
  return graph.derive('infrastructure', from.fleets, (fleet, read, proxy): Infrastructure | undefined => {
    const [oldest] = fleet;
    if (oldest === undefined) return undefined;
    const { namespace, name, uid, merged, gatewayClass, settings } = oldest;
    // What single Gateways ask of a fleet that they share would be asked of all of them.
    const asked = merged ? undefined : read.get(inputs.resources.Gateway, oldest.key)?.object.spec.infrastructure;
    const clusterAddresses = sharedClusterAddresses(fleet.map((gateway) => gateway.clusterAddresses));
    return {
      proxy,
      gateway: merged ? undefined : { namespace, name, uid },
      gatewayClass: { name: gatewayClass, uid: read.get(from.classes, gatewayClass)?.uid ?? '' },
      labels: asked?.labels ?? {},
      annotations: asked?.annotations ?? {},
      addresses: [...new Set(fleet.flatMap(({ requestedAddresses }) => requestedAddresses))],
      ...(clusterAddresses !== undefined && { clusterAddresses }),
      settings,
    };
  });
}
