import type { TlsSecret } from './certificates.ts';
import { conflicts } from './conflicts.ts';
import type { ListenerState, NamespaceRule } from './state.ts';
import { joinFaults, type Fault } from '../conditions.ts';
import { covers } from '../hostname.ts';
import type { PortBinding } from '../inputs.ts';
import type { ReferenceGrants } from '../reference-grants.ts';
import type { GatewayListener } from '../../api/types.ts';
import type { Read } from '../../reactive/collection.ts';

/** What a listener is judged by, beside itself. */
export interface ListenerContext {
  readonly read: Read;
  readonly gateway: { readonly key: string; readonly namespace: string; readonly proxy: string };
  readonly grants: ReferenceGrants;
  secret(key: string): TlsSecret | undefined;
  binding(port: number): PortBinding | undefined;
}

const gatewayGroup = 'gateway.networking.k8s.io';

/** The kinds of routes that a protocol can carry. */
const routeKinds: Readonly<Record<string, readonly string[]>> = {
  HTTP: ['HTTPRoute'],
  HTTPS: ['HTTPRoute'],
};

/** Judges all listeners of a Gateway together, since they may be in each other's way. */
export function listenerStates(listeners: readonly GatewayListener[], context: ListenerContext): ListenerState[] {
  const claims = listeners.map((listener) => ({
    name: listener.name,
    port: listener.port,
    protocol: listener.protocol,
    hostname: hostnameOf(listener),
  }));
  const inConflict = conflicts(claims);
  const states = listeners.map((listener) => listenerState(listener, inConflict.get(listener.name), context));
  return states.map((state) => ({ ...state, overlap: overlap(state, states, context) }));
}

function hostnameOf(listener: GatewayListener): string {
  return listener.hostname === undefined || listener.hostname === '' ? '*' : listener.hostname.toLowerCase();
}

function listenerState(listener: GatewayListener, conflict: Fault | undefined, context: ListenerContext): ListenerState {
  const { gateway } = context;
  const supported = routeKinds[listener.protocol];
  const kinds = allowedKinds(listener, supported ?? []);
  const tls = listener.protocol === 'HTTPS' ? certificateRefs(listener, context) : { certificates: [], faults: [] };
  const binding = context.binding(listener.port);
  const acceptedFault: Fault | undefined =
    supported === undefined
      ? { reason: 'UnsupportedProtocol', message: `protocol ${listener.protocol} is not supported` }
      : undefined;
  const portFault: Fault | undefined =
    binding !== undefined && 'error' in binding ? { reason: 'PortUnavailable', message: binding.error } : undefined;
  const usable = listener.protocol !== 'HTTPS' || tls.certificates.length > 0;
  return {
    name: listener.name,
    key: `${gateway.key}/${listener.name}`,
    port: listener.port,
    protocol: listener.protocol,
    hostname: hostnameOf(listener),
    supportedKinds: kinds.supported.map((kind) => ({ group: gatewayGroup, kind })),
    namespaces: namespaceRule(listener),
    certificates: tls.certificates,
    acceptedFault,
    conflict,
    refsFault: joinFaults([...tls.faults, ...kinds.faults]),
    overlap: undefined,
    portFault,
    serving: acceptedFault === undefined && conflict === undefined && portFault === undefined && usable,
    table: listener.protocol === 'HTTPS' ? `${gateway.proxy}/${listener.port}/${listener.name}` : `${gateway.proxy}/${listener.port}`,
  };
}

/** "If kinds are specified that are not supported … ResolvedRefs=False, InvalidRouteKinds"; the valid ones still work. */
function allowedKinds(listener: GatewayListener, supported: readonly string[]): { supported: string[]; faults: Fault[] } {
  const wanted = listener.allowedRoutes?.kinds;
  if (wanted === undefined || wanted.length === 0) return { supported: [...supported], faults: [] };
  const faults: Fault[] = [];
  const found: string[] = [];
  for (const { group = gatewayGroup, kind } of wanted) {
    if (group === gatewayGroup && supported.includes(kind)) found.push(kind);
    else faults.push({ reason: 'InvalidRouteKinds', message: `${listener.protocol} listeners carry no ${kind} of ${group}` });
  }
  return { supported: [...new Set(found)], faults };
}

function namespaceRule(listener: GatewayListener): NamespaceRule {
  const namespaces = listener.allowedRoutes?.namespaces;
  if (namespaces?.from === 'Selector') return { from: 'Selector', selector: namespaces.selector ?? {} };
  return { from: namespaces?.from ?? 'Same' };
}

function certificateRefs(listener: GatewayListener, context: ListenerContext): { certificates: string[]; faults: Fault[] } {
  const certificates: string[] = [];
  const faults: Fault[] = [];
  const refs = listener.tls?.certificateRefs ?? [];
  if (refs.length === 0) faults.push({ reason: 'InvalidCertificateRef', message: 'an HTTPS listener needs tls.certificateRefs' });
  for (const ref of refs) {
    const { group = '', kind = 'Secret', namespace = context.gateway.namespace, name } = ref;
    const key = `${namespace}/${name}`;
    if (group !== '' || kind !== 'Secret') {
      faults.push({ reason: 'InvalidCertificateRef', message: `certificateRef ${kind} ${key}: only Secrets hold certificates` });
    } else if (!permitted(context, { namespace, name })) {
      faults.push({ reason: 'RefNotPermitted', message: `no ReferenceGrant in namespace ${namespace} lets this Gateway use Secret ${key}` });
    } else {
      const secret = context.secret(key);
      const problem = secret === undefined ? `Secret ${key} does not exist` : secret.problem;
      if (problem === undefined) certificates.push(`Secret/${key}`);
      else faults.push({ reason: 'InvalidCertificateRef', message: problem });
    }
  }
  return { certificates, faults };
}

function permitted(context: ListenerContext, to: { namespace: string; name: string }): boolean {
  const from = { group: gatewayGroup, kind: 'Gateway', namespace: context.gateway.namespace };
  return context.grants.permits(context.read, from, { group: '', kind: 'Secret', ...to });
}

/**
 * Listeners whose TLS covers hosts of another listener on the port: a browser may reuse a connection for a host that
 * belongs elsewhere (and is told so with 421). The specification wants to see it in a condition, never to be refused.
 */
function overlap(state: ListenerState, all: readonly ListenerState[], context: ListenerContext): Fault | undefined {
  if (state.protocol !== 'HTTPS' || state.conflict !== undefined) return undefined;
  const others = all.filter((o) => o !== state && o.port === state.port && o.protocol === 'HTTPS' && o.conflict === undefined);
  const byCertificate = others.find((other) => namesOf(state, context).some((a) => namesOf(other, context).some((b) => meet(a, b))));
  if (byCertificate !== undefined) {
    return { reason: 'OverlappingCertificates', message: `the certificates of listener "${byCertificate.name}" are for the same hosts` };
  }
  const byHostname = others.find((other) => meet(state.hostname, other.hostname));
  if (byHostname === undefined) return undefined;
  return { reason: 'OverlappingHostnames', message: `listener "${byHostname.name}" is for some of the same hosts` };
}

function namesOf(state: ListenerState, context: ListenerContext): readonly string[] {
  return state.certificates.flatMap((key) => context.secret(key.slice('Secret/'.length))?.names ?? []);
}

function meet(a: string, b: string): boolean {
  return covers(a, b) || covers(b, a);
}
