import type { KubeMetadata } from '../../kube/object.ts';
import { compact } from './compact.ts';
import { instanceLabels, podLabels, proxyAnnotation } from './labels.ts';
import { proxyNamespace } from './names.ts';
import type { OnFault } from './patch.ts';
import type { ProxyEnvironment, WantedProxy } from './wanted-proxy.ts';

/** What all objects of a proxy have in common. */
export interface ObjectParts {
  /** Metadata of an object by its name. `more` holds labels and annotations of this object alone; ours win. */
  metadata(name: string, more?: { readonly labels?: Labels | undefined; readonly annotations?: Labels | undefined }): KubeMetadata;
  /** Takes faults of one part of `spec.provider.kubernetes`. */
  faultsOf(part: string): OnFault;
}

type Labels = Readonly<Record<string, string>>;

/** Collects faults in `faults`. */
export function objectParts(wanted: WantedProxy, environment: ProxyEnvironment, faults: string[]): ObjectParts {
  return {
    metadata: (name, more = {}) =>
      compact({
        name,
        namespace: proxyNamespace(wanted, environment),
        labels: { ...more.labels, ...podLabels(wanted, environment), ...instanceLabels(environment) },
        annotations: { ...wanted.annotations, ...more.annotations, [proxyAnnotation]: wanted.id },
        ownerReferences: owners(wanted, environment),
      }) as unknown as KubeMetadata,
    faultsOf: (part) => (fault) => void faults.push(fault.startsWith('bootstrap:') ? `spec.${fault}` : `spec.provider.kubernetes.${part}.${fault}`),
  };
}

/**
 * In the Gateway's namespace its objects go when it goes, even while we are away. In ours they have no owner: an object of another
 * namespace cannot be one, and the GatewayClass must not: whoever deletes a class to install it anew would end every proxy of it. There,
 * what no Gateway wants any more is found by its labels.
 */
function owners({ gateway }: WantedProxy, environment: ProxyEnvironment): object[] | undefined {
  if (environment.deploy !== 'GatewayNamespace' || gateway?.uid === undefined || gateway.uid === '') return undefined;
  return [{ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', name: gateway.name, uid: gateway.uid }];
}
