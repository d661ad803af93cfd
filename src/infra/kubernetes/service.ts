import { compact } from './compact.ts';
import { selectorLabels } from './labels.ts';
import { proxyName } from './names.ts';
import type { ObjectParts } from './object-parts.ts';
import { patched } from './patch.ts';
import type { ProxyEnvironment, ProxySettings, WantedProxy } from './wanted-proxy.ts';
import type { KubeObject } from '../../kube/object.ts';

type ServiceSettings = NonNullable<NonNullable<NonNullable<ProxySettings['provider']>['kubernetes']>['envoyService']>;

const serviceDefaults = { type: 'LoadBalancer', externalTrafficPolicy: 'Local' } as const;

/** The Service through which clients reach the proxy. */
export function service(wanted: WantedProxy, environment: ProxyEnvironment, parts: ObjectParts): KubeObject {
  const settings: ServiceSettings = {
    ...serviceDefaults,
    ...wanted.settings?.provider?.kubernetes?.envoyService,
    ...(wanted.clusterAddresses?.only === true && { type: 'ClusterIP' as const }),
  };
  const object = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: parts.metadata(settings.name ?? proxyName(wanted, environment), { labels: settings.labels, annotations: settings.annotations }),
    spec: compact({
      type: settings.type,
      selector: selectorLabels(wanted, environment),
      ports: wanted.ports.map(({ name, port, containerPort, protocol }) => ({ name, port, protocol, targetPort: containerPort })),
      sessionAffinity: 'None',
      ...addresses(wanted, settings),
      ...outside(settings),
      ...families(wanted.settings?.ipFamily),
    }),
  };
  return patched(object, settings.patch, parts.faultsOf('envoyService'));
}

/** What the Gateway's addresses become. A load balancer is asked for one; kube-proxy takes in all that reach a node. */
function addresses({ addresses: wanted, clusterAddresses }: WantedProxy, settings: ServiceSettings): object {
  const [first] = wanted;
  const inside = clusterIp(clusterAddresses?.requested[0] ?? (settings.type === 'ClusterIP' ? first : undefined));
  const asked = settings.type === 'LoadBalancer' ? { loadBalancerIP: settings.loadBalancerIP ?? first } : {};
  if (first === undefined || settings.type === 'ClusterIP') return { ...asked, ...inside };
  return { ...asked, ...inside, externalIPs: wanted };
}

/** A Service has one cluster IP a family. */
function clusterIp(address: string | undefined): object {
  return address === undefined ? {} : { clusterIP: address, clusterIPs: [address] };
}

function outside(settings: ServiceSettings): object {
  if (settings.type === 'ClusterIP') return {};
  const policy = { externalTrafficPolicy: settings.externalTrafficPolicy };
  if (settings.type === 'NodePort') return policy;
  return {
    ...policy,
    loadBalancerClass: settings.loadBalancerClass,
    allocateLoadBalancerNodePorts: settings.allocateLoadBalancerNodePorts,
    loadBalancerSourceRanges: settings.loadBalancerSourceRanges,
  };
}

/** IPv4 alone is what Kubernetes does by itself. */
function families(family: ProxySettings['ipFamily']): object {
  if (family === 'IPv6') return { ipFamilies: ['IPv6'], ipFamilyPolicy: 'SingleStack' };
  return family === 'DualStack' ? { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' } : {};
}
