import { at, type Fault } from './conditions.ts';
import type { Inputs } from './inputs.ts';
import type { Read } from '../reactive/collection.ts';

/** `parametersRef` of a class or a Gateway, with the namespace that is meant. */
export interface ParametersRef {
  readonly group: string;
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** Why a reference to settings of the proxies cannot be followed. */
export function parametersFault(
  { group, kind, namespace, name }: ParametersRef,
  field: string,
  from: { readonly read: Read; readonly inputs: Inputs },
): Fault | undefined {
  const invalid = (message: string): Fault => at(field, { reason: 'InvalidParameters', message });
  const label = `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;
  if (group !== 'gateway.envoyproxy.io' || kind !== 'EnvoyProxy') {
    return invalid(`${label}: only EnvoyProxy of gateway.envoyproxy.io is supported`);
  }
  if (namespace === undefined) return invalid(`${label}: a namespace is needed`);
  if (from.read.get(from.inputs.resources.EnvoyProxy, `${namespace}/${name}`) === undefined) return invalid(`${label} does not exist`);
  return undefined;
}
