import { containerPorts } from './container-ports.ts';
import type { ControlPlane } from './control-plane.ts';
import type { WantedProxy } from '../infra/kubernetes/wanted-proxy.ts';
import type { PortBinding } from '../translate/inputs.ts';
import { portKey, type WantedPort } from '../translate/gateways/ports.ts';
import { byText } from '../util/compare.ts';

/** What the Gateways want to have running, and where their ports are in the containers. */
export interface WantedInfrastructure {
  /** By proxy id. A fleet without ports has Gateways, but nothing to serve as things are: what runs for it is left as it is. */
  readonly proxies: ReadonlyMap<string, WantedProxy>;
  /** By `portKey`. */
  readonly bindings: ReadonlyMap<string, PortBinding>;
}

/** Puts together what translation says of fleets and their ports. */
export function wantedInfrastructure({ outputs }: Pick<ControlPlane, 'outputs'>): WantedInfrastructure {
  const portsByProxy = Map.groupBy(outputs.wantedPorts.values(), ({ proxy }) => proxy);
  const proxies = new Map<string, WantedProxy>();
  const bindings = new Map<string, PortBinding>();
  for (const [id, { proxy: _proxy, ...fleet }] of [...outputs.infrastructure.entries()].sort(([a], [b]) => byText(a, b))) {
    const wanted = (portsByProxy.get(id) ?? []).toSorted((a, b) => a.port - b.port || byText(a.transport, b.transport));
    const asTheyAre = fleet.settings?.provider?.kubernetes?.useListenerPortAsContainerPort === true;
    // TCP and UDP have numbers of their own, but a port that both have is easier to find when it is the same for both.
    const bound = containerPorts(wanted.map(({ port }) => port), asTheyAre);
    const ports = wanted.map((port) => ({ name: portName(port), port: port.port, containerPort: bound.get(port.port) ?? port.port, protocol: port.transport }));
    proxies.set(id, { id, merged: fleet.gateway === undefined, ports, ...fleet });
    for (const { port, containerPort, protocol } of ports) bindings.set(portKey(id, port, protocol), { boundPort: containerPort, clientPort: port });
  }
  return { proxies, bindings };
}

/** `http-80`: what the port of the Service is called. */
function portName({ protocol, port }: WantedPort): string {
  return `${/^[A-Z]{1,9}$/.test(protocol) ? protocol.toLowerCase() : 'port'}-${port}`;
}
