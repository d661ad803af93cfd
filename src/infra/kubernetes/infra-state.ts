import { keyOfObject } from '../../kube/object.ts';
import type { KubeObject } from '../../kube/object.ts';
import { byText } from '../../util/compare.ts';
import { isWorkload } from './managed-kinds.ts';
import type { WantedProxy } from './wanted-proxy.ts';
import { availableReplicas, wantedReplicas, workloadProblem } from './workload-status.ts';

/** An address under which clients reach a proxy. */
export interface ProxyAddress {
  readonly type: 'IPAddress' | 'Hostname';
  readonly value: string;
  /** It is reached from inside of the cluster alone, as the Gateway wants it. */
  readonly routability?: 'Cluster';
}

/** How far a proxy has come. */
export interface ProxyInfraState {
  /** Whether one of its Pods serves at least. */
  readonly available: boolean;
  /** For people: why not, or how many. */
  readonly message: string;
  readonly replicas: { readonly available: number; readonly wanted: number };
  /** Sorted. */
  readonly addresses: readonly ProxyAddress[];
  /** Of the addresses that the Gateway asks for, those that it did not get, with the reason where there is one to tell. */
  readonly unusableAddresses: readonly string[];
  /** What the proxy's settings ask for and cannot have, field and reason: it keeps what it had. */
  readonly fault: string | undefined;
}

/** What a state is made from. */
export interface StateInput {
  readonly wanted: WantedProxy;
  /** The proxy's objects, as the API server has them. */
  readonly stored: readonly KubeObject[];
  /** Why its objects are not as they are wanted. */
  readonly trouble: string | undefined;
  /** What is wrong with what is wanted. */
  readonly faults: readonly string[];
  readonly nodes: NodeAddresses;
}

/** The cluster's nodes' addresses. */
export interface NodeAddresses {
  /** Under which clients reach the nodes: of each its external ones, or its internal ones where it has none. */
  readonly reachable: readonly string[];
  /** All of them. */
  readonly all: ReadonlySet<string>;
}

/** Judges a proxy from its objects. */
export function stateOf({ wanted, stored, trouble, faults, nodes }: StateInput): ProxyInfraState {
  const workloads = stored.filter(({ kind }) => isWorkload(kind));
  const replicas = {
    available: workloads.reduce((sum, workload) => sum + availableReplicas(workload), 0),
    wanted: Math.max(0, ...workloads.map(wantedReplicas)),
  };
  const service = stored.find(({ kind }) => kind === 'Service');
  const addresses = service === undefined ? [] : allAddresses(service, { wanted, nodes });
  const got = new Set(addresses.map(({ value }) => value));
  const available = replicas.available > 0;
  const fault = faults.length === 0 ? undefined : `EnvoyProxy: ${faults.join('; ')}`;
  const problem = fault ?? trouble ?? (available ? undefined : workloads.map(workloadProblem).find((message) => message !== undefined));
  const counts = `${replicas.available}/${replicas.wanted} envoy replicas available`;
  return {
    available,
    message: problem === undefined ? counts : `${problem}; ${counts}`,
    replicas,
    addresses,
    unusableAddresses: [
      ...wanted.addresses.filter((address) => !got.has(address)),
      ...(wanted.clusterAddresses?.requested ?? []).filter((address) => !got.has(address)).map((address) => `${address}${whyNot(service, trouble)}`),
    ],
    fault,
  };
}

interface ServiceSpec {
  readonly type?: string;
  readonly clusterIPs?: readonly string[];
  readonly externalIPs?: readonly string[];
  readonly ipFamilies?: readonly string[];
}

interface ServiceStatus {
  readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] };
}

/** Addresses in the cluster count beside others where they are asked for. */
function allAddresses(service: KubeObject, { wanted, nodes }: Pick<StateInput, 'wanted' | 'nodes'>): ProxyAddress[] {
  const { clusterIPs = [] } = (service.spec ?? {}) as ServiceSpec;
  const inside = wanted.clusterAddresses === undefined ? [] : clusterAddresses(clusterIPs).map((address): ProxyAddress => ({ ...address, routability: 'Cluster' }));
  return [...(wanted.clusterAddresses?.only === true ? [] : addressesOf(service, nodes)), ...inside];
}

/** Why a proxy does not have the cluster IP that it asks for. */
function whyNot(service: KubeObject | undefined, trouble: string | undefined): string {
  if (service === undefined) return trouble === undefined ? '' : ` (${trouble})`;
  const { clusterIPs = [] } = (service.spec ?? {}) as ServiceSpec;
  return clusterIPs.length === 0 ? '' : ` (Service ${keyOfObject(service)} has ${clusterIPs.join(', ')} until it is deleted)`;
}

function clusterAddresses(clusterIPs: readonly string[]): ProxyAddress[] {
  return sorted(clusterIPs.filter((address) => address !== 'None' && address !== '').map(ipAddress));
}

function addressesOf(service: KubeObject, nodes: NodeAddresses): ProxyAddress[] {
  const { type, clusterIPs = [], externalIPs = [], ipFamilies = [] } = (service.spec ?? {}) as ServiceSpec;
  const ingress = ((service.status ?? {}) as ServiceStatus).loadBalancer?.ingress ?? [];
  switch (type) {
    case 'LoadBalancer':
      return sorted([
        // Of the addresses that were asked for, those of nodes lead to the proxy without a load balancer. Of others nobody knows.
        ...externalIPs.filter((address) => nodes.all.has(address)).map(ipAddress),
        ...ingress.flatMap(({ ip, hostname }): ProxyAddress[] => [
          ...(ip === undefined || ip === '' ? [] : [ipAddress(ip)]),
          ...(hostname === undefined || hostname === '' ? [] : [{ type: 'Hostname' as const, value: hostname }]),
        ]),
      ]);
    case 'NodePort':
      if (externalIPs.length > 0) return sorted(externalIPs.map(ipAddress));
      return sorted(nodes.reachable.filter((address) => ipFamilies.length === 0 || ipFamilies.includes(familyOf(address))).map(ipAddress));
    default:
      return sorted([...clusterAddresses(clusterIPs), ...externalIPs.map(ipAddress)]);
  }
}

/** Reads the nodes' addresses. */
export function nodeAddresses(nodes: Iterable<KubeObject>): NodeAddresses {
  const reachable: string[] = [];
  const all = new Set<string>();
  for (const { status } of nodes) {
    const { addresses = [] } = (status ?? {}) as { readonly addresses?: readonly { readonly type: string; readonly address: string }[] };
    const ofType = (wanted: string): string[] => addresses.filter(({ type }) => type === wanted).map(({ address }) => address);
    const external = ofType('ExternalIP');
    const internal = ofType('InternalIP');
    for (const address of [...external, ...internal]) all.add(address);
    reachable.push(...(external.length > 0 ? external : internal));
  }
  return { reachable: reachable.sort(byText), all };
}

function ipAddress(value: string): ProxyAddress {
  return { type: 'IPAddress', value };
}

function familyOf(address: string): 'IPv4' | 'IPv6' {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

function sorted(addresses: readonly ProxyAddress[]): ProxyAddress[] {
  const distinct = new Map(addresses.map((address) => [`${address.type} ${address.value}`, address]));
  return [...distinct].sort(([a], [b]) => byText(a, b)).map(([, address]) => address);
}
