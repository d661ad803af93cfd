import { findings } from '../../admin/findings.ts';
import type { ObjectReport, PortReport, StatusReport } from '../../admin/report.ts';

/** A listener of a Gateway as a user thinks of it. */
export interface ListenerRow {
  /** `namespace/name`. */
  readonly gateway: string;
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

/** The part of a Gateway's spec that is shown. */
interface GatewaySpec {
  readonly gatewayClassName?: string;
  readonly listeners?: readonly { readonly name: string; readonly protocol: string; readonly port: number; readonly hostname?: string }[];
}

export function gatewaySpec(object: ObjectReport): GatewaySpec {
  return object.spec ?? {};
}

/** `namespace/name`, or `name` for kinds without namespaces. */
export function keyOf({ metadata }: Pick<ObjectReport, 'metadata'>): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}

/** The listeners of a Gateway, in the order of its spec. */
export function listenerRows(gateway: ObjectReport, { ports }: Pick<StatusReport, 'ports'>): ListenerRow[] {
  const key = keyOf(gateway);
  const faults = findings(gateway.status);
  return (gatewaySpec(gateway).listeners ?? []).map(({ name, protocol, port, hostname = '*' }): ListenerRow => {
    const status = gateway.status?.listeners?.find((listener) => listener.name === name);
    const fault = faults.find(({ where, severity }) => severity === 'error' && (where === '' || where === `listener "${name}"`));
    return {
      gateway: key,
      name,
      protocol,
      port,
      hostname,
      binding: ports.find((binding) => binding.proxy === key && binding.port === port),
      routes: (status as { attachedRoutes?: number } | undefined)?.attachedRoutes ?? 0,
      status: status === undefined ? 'Unknown' : (fault?.reason ?? 'Programmed'),
      message: fault?.message ?? '',
    };
  });
}
