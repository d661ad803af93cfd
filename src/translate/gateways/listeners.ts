import { certificateRefs, type SecretAccess } from './certificate-refs.ts';
import type { TlsSecret } from './certificates.ts';
import { clientValidation, noClientValidation, type ClientVerdict } from './client-validation.ts';
import { listenerFilters } from './listener-filters.ts';
import { portKey } from './ports.ts';
import { handlingOf, type Handling } from './protocols.ts';
import type { ListenerOwner, ListenerState } from './state.ts';
import type { Resolve } from '../backends/resolve.ts';
import { joinFaults, type Fault } from '../conditions.ts';
import type { PortBinding } from '../inputs.ts';
import type { ReferenceGrants, Referrer } from '../reference-grants.ts';
import type { CaCertificates } from '../tls/ca-certificates.ts';
import { currentName } from '../../api/former-kinds.ts';
import type { ObjectRef } from '../../api/resource.ts';
import type { GatewayListener, GatewayTls } from '../../api/types.ts';
import type { Transport } from '../../ir/listener.ts';
import type { Read } from '../../reactive/collection.ts';

/** What a listener is judged by, beside itself. */
export interface ListenerContext {
  readonly read: Read;
  readonly owner: ListenerOwner;
  readonly gateway: { readonly ref: ObjectRef; readonly namespace: string; readonly proxy: string; readonly merged: boolean; readonly tls: GatewayTls | undefined };
  readonly grants: ReferenceGrants;
  readonly cas: Pick<CaCertificates, 'resolve'>;
  secret(key: string): TlsSecret | undefined;
  missing(namespace: string): string;
  binding(port: number, transport: Transport): PortBinding | undefined;
  /** Finds the backend that a reference of the Gateway names. */
  readonly resolve: Resolve;
}

const gatewayGroup = 'gateway.networking.k8s.io';

/** Judges a listener of a Gateway or a ListenerSet, but for what depends on other listeners. */
export function listenerState(listener: GatewayListener, context: ListenerContext): ListenerState {
  const { gateway, owner } = context;
  const { transport, tls: mode, layer, kinds: carried } = handlingOf(listener) ?? unsupported;
  const kinds = allowedKinds(listener, carried);
  const tls = mode === 'Terminate' ? certificateRefs(listener, secretAccess(context)) : { certificates: [], faults: [] };
  const clients = mode === 'Terminate' ? clientVerdict(listener, context) : noClientValidation;
  const key = `${owner.ref}/${listener.name}`;
  const filters = listenerFilters(key, listener, context.resolve);
  const guardFault = clients.fault ?? filters.fault;
  const binding = context.binding(listener.port, transport);
  const accepted = acceptedFault(listener);
  const portFault: Fault | undefined =
    binding !== undefined && 'error' in binding ? { reason: 'PortUnavailable', message: binding.error } : undefined;
  // Objects that share a proxy may use the same names.
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
    certificateNames: tls.certificates.flatMap((secret) => context.secret(secret.slice('Secret/'.length))?.names ?? []),
    clientValidation: clients.validation,
    filters: filters.filters,
    acceptedFault: accepted,
    conflict: undefined,
    refsFault: joinFaults([...tls.faults, ...clients.refsFaults, ...filters.refsFaults, ...kinds.faults]),
    overlap: undefined,
    portFault,
    guardFault,
    serving: accepted === undefined && portFault === undefined && guardFault === undefined && usable,
    chain: mode === undefined ? listener.protocol.toLowerCase() : own,
    table: mode === undefined ? port : `${port}/${own}`,
  };
}

function hostnameOf(listener: GatewayListener): string {
  return listener.hostname === undefined || listener.hostname === '' ? '*' : listener.hostname.toLowerCase();
}

/** A listener that is not served has to be called something. */
const unsupported: Handling = { transport: 'TCP', tls: undefined, layer: 7, kinds: [] };

/** What the listener asks for and cannot have. */
function acceptedFault(listener: GatewayListener): Fault | undefined {
  if (handlingOf(listener) !== undefined) return undefined;
  return { reason: 'UnsupportedProtocol', message: `protocol: ${listener.protocol} is not supported` };
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

/** How an object with listeners gets at certificates. */
export function secretAccess({ read, owner, grants, ...context }: ListenerContext): SecretAccess {
  const from = referrer(owner);
  return {
    kind: from.kind,
    namespace: owner.namespace,
    secret: (key) => context.secret(key),
    missing: (namespace) => context.missing(namespace),
    permitted: (to) => grants.permits(read, from, { group: '', kind: 'Secret', ...to }),
  };
}

function clientVerdict({ port }: GatewayListener, { read, gateway, cas }: ListenerContext): ClientVerdict {
  const from = { ...referrer(gateway), invalidKind: 'InvalidCACertificateKind' } as const;
  return clientValidation(port, gateway.tls?.frontend, (refs) => cas.resolve(read, from, refs));
}

function referrer({ ref, namespace }: Pick<ListenerOwner, 'ref' | 'namespace'>): Referrer {
  return { group: gatewayGroup, kind: currentName(ref.slice(0, ref.indexOf('/'))), namespace };
}
