import type { KubeObject } from '../../kube/object.ts';
import { contentHash } from '../../util/hash.ts';
import { appliedAnnotation, instanceLabels, proxyAnnotation } from './labels.ts';
import { proxyName } from './names.ts';
import { objectParts } from './object-parts.ts';
import { serviceAccountName } from './pod.ts';
import { autoscaler, disruptionBudget } from './scaling.ts';
import { secretDocuments } from './sds.ts';
import { service } from './service.ts';
import type { ProxyEnvironment, WantedProxy } from './wanted-proxy.ts';
import { workload } from './workload.ts';

/** The objects that a proxy is made of. */
export interface RenderedProxy {
  /** In the order in which they are to be applied: what others need comes first. */
  readonly objects: readonly KubeObject[];
  /** What the EnvoyProxy asks for and cannot have, field and reason. The objects are without it. */
  readonly faults: readonly string[];
}

/** Says what a proxy is made of. Pure, and total: what a user got wrong is a fault, not an exception. */
export function renderProxy(wanted: WantedProxy, environment: ProxyEnvironment): RenderedProxy {
  const faults: string[] = [];
  if (wanted.settings?.provider?.type === 'Host') faults.push("spec.provider.type: 'Host' is for proxies outside a cluster");
  const parts = objectParts(wanted, environment, faults);
  const objects = [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: parts.metadata(serviceAccountName(wanted, environment)), automountServiceAccountToken: false },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: parts.metadata(proxyName(wanted, environment)), data: secretDocuments(environment.xds.host) },
    workload(wanted, environment, parts),
    service(wanted, environment, parts),
    autoscaler(wanted, environment, parts),
    disruptionBudget(wanted, environment, parts),
  ].filter((object) => object !== undefined);
  return { objects: objects.map((object) => marked(object, wanted, environment)), faults };
}

/** Puts on what we know our objects by, whatever a patch made of it. */
function marked(object: KubeObject, wanted: WantedProxy, environment: ProxyEnvironment): KubeObject {
  const { labels, annotations } = object.metadata;
  const metadata = {
    ...object.metadata,
    labels: { ...labels, ...instanceLabels(environment) },
    annotations: { ...annotations, [proxyAnnotation]: wanted.id },
  };
  const hash = contentHash(JSON.stringify({ ...object, metadata }));
  return { ...object, metadata: { ...metadata, annotations: { ...metadata.annotations, [appliedAnnotation]: hash } } };
}
