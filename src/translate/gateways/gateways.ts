import type { Certificates } from './certificates.ts';
import { listenerStates } from './listeners.ts';
import type { GatewayState } from './state.ts';
import { bugFault, type Fault } from '../conditions.ts';
import type { Class } from '../gateway-classes.ts';
import type { Inputs } from '../inputs.ts';
import { parametersFault } from '../parameters.ts';
import type { ReferenceGrants } from '../reference-grants.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import type { Collection } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';

/** All IPv4 addresses of the host. */
const anyAddress = '0.0.0.0';

/** The Gateways whose class is ours and accepted. */
export function gateways(
  graph: Graph,
  inputs: Inputs,
  from: { readonly classes: Collection<Class>; readonly grants: ReferenceGrants; readonly certificates: Certificates },
): Collection<GatewayState> {
  return graph.derive(
    'gateways',
    inputs.resources.Gateway,
    (gateway, read): GatewayState | undefined => {
      const { infrastructure, gatewayClassName, listeners, tls } = gateway.object.spec;
      if (read.get(from.classes, gatewayClassName)?.accepted !== true) return undefined;
      const { key, namespace, proxy } = identity(gateway);
      const { address, fault } = bindAddress(gateway);
      const ref = infrastructure?.parametersRef;
      return {
        ...identity(gateway),
        address,
        fault: fault ?? (ref && parametersFault({ ...ref, namespace }, 'infrastructure.parametersRef', { read, inputs })),
        listeners: listenerStates(listeners, {
          read,
          gateway: { key, namespace, proxy, tls },
          grants: from.grants,
          secret: (secret) => read.get(from.certificates.secrets, secret),
          binding: (port) => read.get(inputs.portBindings, `${proxy}/${port}`),
        }),
      };
    },
    { recover: (gateway, error) => ({ ...identity(gateway), address: anyAddress, fault: bugFault(error), listeners: [] }) },
  );
}

function identity({ key, version, metadata }: ResourceOf<'Gateway'>): Omit<GatewayState, 'address' | 'fault' | 'listeners'> {
  const { namespace, name, generation } = metadata;
  return { key, namespace, name, generation, version, proxy: key };
}

/** `spec.addresses`: an IP address of this host is bound instead of all of them. One without a value leaves the choice to us. */
function bindAddress(gateway: ResourceOf<'Gateway'>): { address: string; fault: Fault | undefined } {
  const addresses = gateway.object.spec.addresses ?? [];
  const unsupported = addresses.find((address) => address.type !== 'IPAddress');
  if (unsupported !== undefined) {
    const message = `addresses: type ${unsupported.type} is not supported, only IPAddress`;
    return { address: anyAddress, fault: { reason: 'UnsupportedAddress', message } };
  }
  if (addresses.length > 1) {
    return { address: anyAddress, fault: { reason: 'UnsupportedAddress', message: 'addresses: only one address is supported' } };
  }
  return { address: addresses[0]?.value ?? anyAddress, fault: undefined };
}
