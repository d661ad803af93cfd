import { findings } from '../../admin/findings.ts';
import type { ObjectReport, PortReport, StatusReport } from '../../admin/report.ts';

/** A listener of a Gateway, or of a ListenerSet of its, as a user thinks of it. */
export interface ListenerRow {
  /** `namespace/name`. */
  readonly gateway: string;
  /** `namespace/name` of the ListenerSet that has it; undefined: the Gateway itself. */
  readonly set: string | undefined;
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
  readonly hostname: string;
  /** What became of the port. */
  readonly binding: PortReport | undefined;
  readonly routes: number;
  /** `Programmed`, or the first reason why not. */
  readonly status: string;
  /** The sentence behind a reason. */
  readonly message: string;
}

/** The part of a Gateway's or ListenerSet's spec that is shown. */
interface GatewaySpec {
  readonly gatewayClassName?: string;
  readonly listeners?: readonly { readonly name: string; readonly protocol: string; readonly port: number; readonly hostname?: string }[];
  /** Of a ListenerSet. */
  readonly parentRef?: { readonly kind?: string; readonly namespace?: string; readonly name: string };
}

export function gatewaySpec(object: ObjectReport): GatewaySpec {
  return object.spec ?? {};
}

/** `namespace/name`, or `name` for kinds without namespaces. */
export function keyOf({ metadata }: Pick<ObjectReport, 'metadata'>): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}

/** The listeners of a Gateway, in the order of its spec, then those of the ListenerSets that name it. */
export function listenerRows(gateway: ObjectReport, { objects, ports }: Pick<StatusReport, 'objects' | 'ports'>): ListenerRow[] {
  const key = keyOf(gateway);
  // Gateways of a class that are merged have one proxy, of the name of the class.
  const own = ports.filter(({ proxy }) => proxy === key || proxy === gatewaySpec(gateway).gatewayClassName);
  const sets = objects.filter((object) => object.kind === 'ListenerSet' && parentOf(object) === key);
  return [gateway, ...sets].flatMap((owner) => rowsOf(owner, { gateway: key, ports: own }));
}

/** The Gateway that a ListenerSet names. */
export function parentOf(set: ObjectReport): string | undefined {
  const { parentRef } = gatewaySpec(set);
  const namespace = parentRef?.namespace ?? set.metadata.namespace;
  return parentRef === undefined || (parentRef.kind ?? 'Gateway') !== 'Gateway' ? undefined : `${namespace}/${parentRef.name}`;
}

function rowsOf(owner: ObjectReport, { gateway, ports }: { readonly gateway: string; readonly ports: readonly PortReport[] }): ListenerRow[] {
  const faults = findings(owner.status);
  return (gatewaySpec(owner).listeners ?? []).map(({ name, protocol, port, hostname = '*' }): ListenerRow => {
    const status = owner.status?.listeners?.find((listener) => listener.name === name);
    const fault = faults.find(({ where, severity }) => severity === 'error' && (where === '' || where === `listener "${name}"`));
    const transport = protocol === 'UDP' ? 'UDP' : 'TCP';
    return {
      gateway,
      set: owner.kind === 'ListenerSet' ? keyOf(owner) : undefined,
      name,
      protocol,
      port,
      hostname,
      binding: ports.find((binding) => binding.port === port && binding.transport === transport),
      routes: (status as { attachedRoutes?: number } | undefined)?.attachedRoutes ?? 0,
      status: fault?.reason ?? (status === undefined ? 'Unknown' : 'Programmed'),
      message: fault?.message ?? '',
    };
  });
}
