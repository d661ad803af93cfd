import type { ControlPlane } from './control-plane.ts';
import type { GatewayTls } from '../api/types.ts';
import type { ResourceOf } from '../api/kinds.ts';
import { parentOf } from '../translate/gateways/listener-sets.ts';
import { byText } from '../util/compare.ts';
import { equal } from '../util/equal.ts';

/** Kinds that are looked for only in those namespaces where an object names one: a gateway has no business with the rest of them. */
export const SCOPED_KINDS = ['ConfigMap', 'Secret'] as const;

type ScopedKind = (typeof SCOPED_KINDS)[number];

/** The parts of a plane that refer to objects of such kinds. */
type Referring = Pick<ControlPlane, 'resources' | 'outputs'>;

/** A reference as far as it matters here: of what kind, and in which namespace. */
interface Reference {
  readonly kind: string;
  readonly namespace: string;
}

/** Calls `apply` with the namespaces where objects of a kind are named, sorted, whenever they are others than before. */
export function followReferences(plane: Referring, apply: (kind: ScopedKind, namespaces: readonly string[]) => void): void {
  const known = new Map<ScopedKind, readonly string[]>();
  const look = (): void => {
    const found = references(plane);
    for (const kind of SCOPED_KINDS) {
      const namespaces = [...new Set(found.filter((reference) => reference.kind === kind).map(({ namespace }) => namespace))].sort(byText);
      if (equal(namespaces, known.get(kind) ?? [])) continue;
      known.set(kind, namespaces);
      apply(kind, namespaces);
    }
  };
  const { Backend, BackendTLSPolicy, EnvoyProxy, Gateway, ListenerSet, XBackend, XListenerSet } = plane.resources;
  for (const collection of [Backend, BackendTLSPolicy, EnvoyProxy, Gateway, ListenerSet, XBackend, XListenerSet, plane.outputs.infrastructure]) collection.subscribe(look);
}

/** Everything that Gateways of ours, their proxies and the policies and backends behind them refer to. */
function references({ resources, outputs }: Referring): Reference[] {
  const gateways = [...outputs.infrastructure.values()].flatMap(({ gateway, gatewayClass }): ResourceOf<'Gateway'>[] => {
    if (gateway === undefined) return [...resources.Gateway.values()].filter(({ object }) => object.spec.gatewayClassName === gatewayClass.name);
    const own = resources.Gateway.get(`${gateway.namespace}/${gateway.name}`);
    return own === undefined ? [] : [own];
  });
  const keys = new Set(gateways.map(({ key }) => key));
  return [
    ...gateways.flatMap(ofGateway),
    ...[...resources.ListenerSet.values(), ...resources.XListenerSet.values()].filter((set) => parentOf(set)?.some((gateway) => keys.has(gateway)) === true).flatMap(ofListeners),
    ...[...resources.BackendTLSPolicy.values()].flatMap(({ metadata, object }) => within(metadata.namespace, object.spec.validation.caCertificateRefs)),
    ...[...resources.Backend.values()].flatMap(({ metadata, object: { spec } }) =>
      within(metadata.namespace, [...(spec.tls?.caCertificateRefs ?? []), spec.tls?.clientCertificateRef]),
    ),
    ...[...resources.XBackend.values()].flatMap(({ metadata, object: { spec: { tls } } }) =>
      within(metadata.namespace, [...(tls.validation?.caCertificateRefs ?? []), tls.clientCertificateRef]),
    ),
    ...[...resources.EnvoyProxy.values()].flatMap(({ metadata, object }) => within(metadata.namespace, [object.spec.backendTLS?.clientCertificateRef])),
  ];
}

function ofGateway(gateway: ResourceOf<'Gateway'>): Reference[] {
  const { metadata, object: { spec } } = gateway;
  return [...ofListeners(gateway), ...within(metadata.namespace, [...clientCas(spec.tls), spec.tls?.backend?.clientCertificateRef])];
}

function ofListeners({ metadata, object }: ResourceOf<'Gateway' | 'ListenerSet' | 'XListenerSet'>): Reference[] {
  return object.spec.listeners.flatMap(({ tls }) => within(metadata.namespace, tls?.certificateRefs));
}

function clientCas(tls: GatewayTls | undefined) {
  const { default: common, perPort = [] } = tls?.frontend ?? {};
  return [common, ...perPort.map((port) => port.tls)].flatMap((one) => one?.validation?.caCertificateRefs ?? []);
}

type LocalReference = { readonly kind: string; readonly namespace?: string } | undefined;

function within(own: string, refs: readonly LocalReference[] = []): Reference[] {
  return refs.flatMap((ref) => (ref === undefined ? [] : [{ kind: ref.kind, namespace: ref.namespace ?? own }]));
}
