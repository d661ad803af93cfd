import { certificateRefs } from './certificate-refs.ts';
import type { TlsSecret } from './certificates.ts';
import { conflicts } from './conflicts.ts';
import { overlap } from './overlap.ts';
import { portKey } from './ports.ts';
import { handlingOf, type Handling } from './protocols.ts';
import type { ListenerOwner, ListenerState } from './state.ts';
import { joinFaults, type Fault } from '../conditions.ts';
import type { PortBinding } from '../inputs.ts';
import type { ReferenceGrants } from '../reference-grants.ts';
import type { ObjectRef } from '../../api/resource.ts';
import type { GatewayListener, GatewayTls } from '../../api/types.ts';
import type { Transport } from '../../ir/listener.ts';
import type { Read } from '../../reactive/collection.ts';

/** What a listener is judged by, beside itself. */
export interface ListenerContext {
  readonly read: Read;
  readonly owner: ListenerOwner;
  readonly gateway: { readonly ref: ObjectRef; readonly proxy: string; readonly merged: boolean; readonly tls: GatewayTls | undefined };
  readonly grants: ReferenceGrants;
  secret(key: string): TlsSecret | undefined;
  missing(namespace: string): string;
  binding(port: number, transport: Transport): PortBinding | undefined;
}

const gatewayGroup = 'gateway.networking.k8s.io';

/** Judges all listeners of a Gateway, or of a ListenerSet, together, since they may be in each other's way. */
export function listenerStates(listeners: readonly GatewayListener[], context: ListenerContext): ListenerState[] {
  const candidates = listeners.filter((listener) => acceptedFault(listener, context) === undefined);
  const inConflict = conflicts(candidates.map((listener) => ({ ...listener, hostname: hostnameOf(listener), transport: handlingOf(listener)?.transport ?? 'TCP' })));
  const states = listeners.map((listener) => listenerState(listener, inConflict.get(listener.name), context));
  const names = (state: ListenerState) => state.certificates.flatMap((key) => context.secret(key.slice('Secret/'.length))?.names ?? []);
  return states.map((state) => ({ ...state, overlap: overlap(state, states, names) }));
}

function hostnameOf(listener: GatewayListener): string {
  return listener.hostname === undefined || listener.hostname === '' ? '*' : listener.hostname.toLowerCase();
}

/** A listener that is not served has to be called something. */
const unsupported: Handling = { transport: 'TCP', tls: undefined, layer: 7, kinds: [] };

function listenerState(listener: GatewayListener, conflict: Fault | undefined, context: ListenerContext): ListenerState {
  const { gateway, owner } = context;
  const { transport, tls: mode, layer, kinds: carried } = handlingOf(listener) ?? unsupported;
  const kinds = allowedKinds(listener, carried);
  const tls = mode === 'Terminate' ? certificateRefs(listener, secretAccess(context)) : { certificates: [], faults: [] };
  const binding = context.binding(listener.port, transport);
  const accepted = acceptedFault(listener, context);
  const portFault: Fault | undefined =
    binding !== undefined && 'error' in binding ? { reason: 'PortUnavailable', message: binding.error } : undefined;
  // Objects that share a proxy may use the same names.
  const key = `${owner.ref}/${listener.name}`;
  const own = gateway.merged || owner.ref !== gateway.ref ? key : listener.name;
  const usable = mode !== 'Terminate' || tls.certificates.length > 0;
  const port = portKey(gateway.proxy, listener.port, transport);
  return {
    name: listener.name,
    key,
    owner,
    port: listener.port,
    protocol: listener.protocol,
    transport,
    tls: mode,
    layer,
    hostname: hostnameOf(listener),
    supportedKinds: kinds.supported.map((kind) => ({ group: gatewayGroup, kind })),
    namespaces: listener.allowedRoutes.namespaces,
    certificates: tls.certificates,
    acceptedFault: accepted,
    conflict,
    refsFault: joinFaults([...tls.faults, ...kinds.faults]),
    overlap: undefined,
    portFault,
    serving: accepted === undefined && conflict === undefined && portFault === undefined && usable,
    chain: mode === undefined ? listener.protocol.toLowerCase() : own,
    table: mode === undefined ? port : `${port}/${own}`,
  };
}

/** What the listener asks for and cannot have. To leave it out and serve the rest might let in whom the field keeps out. */
function acceptedFault(listener: GatewayListener, { gateway }: ListenerContext): Fault | undefined {
  const { protocol, port, filters } = listener;
  if (handlingOf(listener) === undefined) return { reason: 'UnsupportedProtocol', message: `protocol: ${protocol} is not supported` };
  if (filters !== undefined) return { reason: 'UnsupportedValue', message: 'filters: they are not supported on a listener' };
  const { frontend } = gateway.tls ?? {};
  const { validation } = frontend?.perPort?.find((one) => one.port === port)?.tls ?? frontend?.default ?? {};
  if (protocol !== 'HTTPS' || validation === undefined) return undefined;
  return { reason: 'UnsupportedValue', message: "tls.frontend: validation of clients' certificates is not supported yet" };
}

/** "If kinds are specified that are not supported … ResolvedRefs=False, InvalidRouteKinds"; the valid ones still work. */
function allowedKinds({ protocol, tls, allowedRoutes }: GatewayListener, supported: readonly string[]): { supported: readonly string[]; faults: Fault[] } {
  const wanted = allowedRoutes.kinds ?? [];
  if (supported.length === 0 || wanted.length === 0) return { supported, faults: [] };
  const what = protocol === 'TLS' && tls !== undefined ? `${protocol} listeners in mode ${tls.mode}` : `${protocol} listeners`;
  const faults: Fault[] = [];
  const found = new Set<string>();
  for (const { group, kind } of wanted) {
    if (group === gatewayGroup && supported.includes(kind)) found.add(kind);
    else faults.push({ reason: 'InvalidRouteKinds', message: `allowedRoutes.kinds: ${what} carry no ${kind} of ${group}` });
  }
  return { supported: [...found], faults };
}

function secretAccess({ read, owner: { ref, namespace }, grants, ...context }: ListenerContext): Parameters<typeof certificateRefs>[1] {
  const kind = ref.slice(0, ref.indexOf('/'));
  const from = { group: gatewayGroup, kind, namespace };
  return {
    kind,
    namespace,
    secret: (key) => context.secret(key),
    missing: (namespace) => context.missing(namespace),
    permitted: (to) => grants.permits(read, from, { group: '', kind: 'Secret', ...to }),
  };
}
