import { at, type Fault } from './conditions.ts';
import type { Inputs } from './inputs.ts';
import { missing } from './missing.ts';
import { unknownName } from './tls/tls-names.ts';
import type { ResourceOf } from '../api/kinds.ts';
import type { Resource } from '../api/resource.ts';
import type { Read } from '../reactive/collection.ts';
import { jsonMerge } from '../util/json-merge.ts';
import { strategicMerge } from '../util/strategic-merge.ts';

/** `parametersRef` of a class or a Gateway, with the namespace that is meant. */
export interface ParametersRef {
  readonly group: string;
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** How a fleet of proxies is to be: `spec` of an EnvoyProxy. */
export type ProxySettings = ResourceOf<'EnvoyProxy'>['object']['spec'];

/** What a reference to settings of the proxies leads to, or why it leads nowhere. */
export type Parameters =
  | { readonly settings: ProxySettings; readonly fault?: undefined }
  | { readonly settings?: undefined; readonly fault: Fault };

/** Follows a reference to settings of the proxies. */
export function readParameters(
  { group, kind, namespace, name }: ParametersRef,
  field: string,
  from: { readonly read: Read; readonly inputs: Inputs },
): Parameters {
  const invalid = (message: string): Parameters => ({ fault: at(field, { reason: 'InvalidParameters', message }) });
  const label = `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;
  if (group !== 'gateway.envoyproxy.io' || kind !== 'EnvoyProxy') {
    return invalid(`${label}: only EnvoyProxy of gateway.envoyproxy.io is supported`);
  }
  if (namespace === undefined) return invalid(`${label}: a namespace is needed`);
  const found = from.read.get(from.inputs.resources.EnvoyProxy, `${namespace}/${name}`);
  if (found === undefined) return invalid(`${label} ${missing(from.read, from.inputs, { kind, namespace })}`);
  const { backendTLS, ...settings } = found.object.spec;
  if (backendTLS === undefined) return { settings };
  const unknown = unknownName(backendTLS);
  if (unknown !== undefined) return invalid(`${label}: backendTLS.${unknown}`);
  const { clientCertificateRef: ref, ...rest } = backendTLS;
  if (ref === undefined) return { settings: { ...settings, backendTLS } };
  if (ref.namespace !== undefined && ref.namespace !== namespace) return invalid(`${label}: backendTLS.clientCertificateRef: only a Secret of its own namespace can be used`);
  // Once settings are merged, nobody could tell whose namespace is meant.
  return { settings: { ...settings, backendTLS: { ...rest, clientCertificateRef: { ...ref, namespace } } } };
}

/**
 * The settings of a Gateway over those of its class, as the `mergeType` of the Gateway's says: they take their place (the default), or
 * are laid over them as a JSON merge patch (RFC 7386) or a strategic merge patch, which knows the keys of Kubernetes' lists.
 */
export function mergeSettings(ofClass: ProxySettings | undefined, ofGateway: ProxySettings | undefined): ProxySettings | undefined {
  if (ofClass === undefined || ofGateway === undefined) return ofGateway ?? ofClass;
  switch (ofGateway.mergeType) {
    case 'StrategicMerge':
      return strategicMerge(ofClass, ofGateway) as ProxySettings;
    case 'JSONMerge':
      return jsonMerge(ofClass, ofGateway) as ProxySettings;
    case 'Replace':
    case undefined:
      return ofGateway;
  }
}

/** What an API server calls an object of which there may have been others by the same name; '' for an object from a file. */
export function uidOf({ object }: Resource): string {
  return (object as { readonly metadata?: { readonly uid?: string } }).metadata?.uid ?? '';
}
