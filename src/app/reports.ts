import type { Metrics } from '../admin/metrics.ts';
import type { AnyStatus } from '../admin/findings.ts';
import { proxyProgress, type ProxyProgress } from '../admin/progress.ts';
import { notReadyReasons } from '../admin/readiness.ts';
import type { ObjectReport, PortReport, ProxyReport, StatusReport } from '../admin/report.ts';
import { apiVersionOf, kindNamed, type KindName } from '../api/kinds.ts';
import type { Resource } from '../api/resource.ts';
import type { ProxyState } from '../infra/host/proxy-state.ts';
import type { Collection } from '../reactive/collection.ts';
import { byText } from '../util/compare.ts';
import { conditionProblems } from './check.ts';
import type { ControlPlane } from './control-plane.ts';
import { byPlace } from './load.ts';
import type { Standalone } from './standalone.ts';

/** Kinds that a report shows, in this order: those whose objects have conditions. */
const reportedKinds = ['GatewayClass', 'Gateway', 'ListenerSet', 'XListenerSet', 'HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute', 'UDPRoute', 'BackendTLSPolicy', 'XBackend', 'XBackendTrafficPolicy', 'XTelemetryPolicy'] as const satisfies readonly KindName[];

/** Everything in a status report that is not about the program itself. */
export function statusReport(
  standalone: Standalone | undefined,
  metrics: Metrics,
): Pick<StatusReport, 'objects' | 'ports' | 'proxies' | 'problems' | 'ignoredKinds'> {
  if (standalone === undefined) return { objects: [], ports: [], proxies: [], problems: [], ignoredKinds: [] };
  const { plane } = standalone;
  return {
    objects: objectReports(plane),
    ports: portReports(plane),
    proxies: proxyReports(standalone, metrics).map(({ open: _open, wanted: _wanted, ...report }) => report),
    problems: byPlace([...standalone.problems, ...conditionProblems(plane)]),
    ignoredKinds: standalone.ignoredKinds,
  };
}

/** Why a standalone gateway that has begun to serve is not ready. `ports: 'as they are'`: a port that cannot be had is no reason, waiting may not bring it. */
export function readiness(standalone: Standalone, metrics: Metrics, options: { readonly ports?: 'as they are' } = {}): string[] {
  const { outputs, portBindings } = standalone.plane;
  const reasons = notReadyReasons({
    phase: standalone.ready ? undefined : 'files are being read',
    unresolvedPorts: [...outputs.wantedPorts.entries()].map(([key]) => key).filter((key) => portBindings.get(key) === undefined).toSorted(byText),
    portless: options.ports === 'as they are' ? [] : portlessGateways(standalone.plane),
    proxies: proxyReports(standalone, metrics).filter(({ wanted }) => wanted),
  });
  return standalone.picker.isNeeded && !standalone.picker.isReady ? [...reasons, 'the endpoint picker is starting'] : reasons;
}

/** Gateways all of whose ports cannot be had. The error is that of the lowest port. */
export function portlessGateways({ outputs, portBindings }: Pick<ControlPlane, 'outputs' | 'portBindings'>): { readonly gateway: string; readonly error: string }[] {
  const byGateway = Map.groupBy(outputs.wantedPorts.entries(), ([, { proxy }]) => proxy);
  return [...byGateway].toSorted(([a], [b]) => byText(a, b)).flatMap(([gateway, wanted]) => {
    const bindings = wanted.toSorted(([, a], [, b]) => a.port - b.port).map(([key]) => portBindings.get(key));
    const errors = bindings.flatMap((binding) => (binding !== undefined && 'error' in binding ? [binding.error] : []));
    const [error] = errors;
    return error !== undefined && errors.length === bindings.length ? [{ gateway, error }] : [];
  });
}

/** All objects whose kind has conditions, with what we say of them. */
export function objectReports({ resources, outputs }: ControlPlane): ObjectReport[] {
  const statuses = new Map(outputs.statuses.flatMap((collection) => [...collection.values()].map(({ ref, status }) => [ref as string, status as AnyStatus])));
  return reportedKinds.flatMap((name) => {
    const kind = kindNamed(name);
    const objects = [...(resources[name] as Collection<Resource>).values()].toSorted((a, b) => byText(a.key, b.key));
    return objects.map(({ key, metadata, object, origin }): ObjectReport => {
      const status = statuses.get(`${name}/${key}`);
      return {
        apiVersion: apiVersionOf(kind, kind.storageVersion),
        kind: kind.objectKind,
        metadata: { name: metadata.name, ...(metadata.namespace !== '' && { namespace: metadata.namespace }), generation: metadata.generation },
        spec: (object as { spec?: unknown }).spec,
        ...(status !== undefined && { status }),
        origin,
      };
    });
  });
}

function portReports({ outputs, portBindings }: ControlPlane): PortReport[] {
  return [...outputs.wantedPorts.entries()]
    .toSorted(([a], [b]) => byText(a, b))
    .map(([key, { proxy, port, transport, address }]) => {
      const binding = portBindings.get(key);
      if (binding === undefined) return { proxy, port, transport, address };
      return { proxy, port, transport, address, ...('error' in binding ? { error: binding.error } : { bound: binding.boundPort }) };
    });
}

interface WatchedProxy extends ProxyReport, Pick<ProxyProgress, 'open'> {
  readonly wanted: boolean;
}

function proxyReports({ plane, store, ads, supervisor }: Standalone, metrics: Metrics): WatchedProxy[] {
  const targets = new Set([...plane.outputs.listeners.values()].flatMap(({ chains }) => chains.map(({ target }) => (target?.type === 'stream' ? target.route : target?.table))));
  const states = supervisor.states();
  const wanted = new Set([...plane.outputs.proxies.values()].map(({ id }) => id));
  return [...new Set([...wanted, ...states.keys()])].sort(byText).map((id) => {
    const state = states.get(id);
    const { connected, open, ...resources } = proxyProgress(id, {
      store,
      ackState: (proxy, type, name) => ads.ackState(proxy, type, name),
      connected: (proxy) => ads.ackState(proxy, 'LDS', '').length,
      // Routes of a port that is not bound: no listener makes Envoy ask for them.
      isWanted: (type, name) => (type !== 'RDS' && type !== 'ECDS') || targets.has(type === 'RDS' ? tableOf(name) : name),
    });
    return { id, ...stateReport(state), restarts: metrics.restarts(id), connected, resources, open, wanted: wanted.has(id) };
  });
}

/** A shard is `TABLE#3`. */
function tableOf(routeConfiguration: string): string {
  const hash = routeConfiguration.indexOf('#');
  return hash === -1 ? routeConfiguration : routeConfiguration.slice(0, hash);
}

function stateReport(state: ProxyState | undefined): Pick<ProxyReport, 'state' | 'pid' | 'message'> {
  switch (state?.kind) {
    case undefined:
      return { state: 'starting', message: 'about to be started' };
    case 'starting':
      return { state: 'starting', ...(state.pid !== undefined && { pid: state.pid }), message: 'waiting for its first configuration' };
    case 'running':
      return { state: 'running', pid: state.pid, ...(state.outdated !== undefined && { message: state.outdated }) };
    case 'backoff':
      return { state: 'backoff', message: `${state.reason} (${state.failures} in a row, next attempt ${Math.ceil(state.delayMs / 1000)} s after)` };
    case 'draining':
      return { state: 'draining', pid: state.pid };
    case 'stopped':
      return { state: 'stopped' };
  }
}
