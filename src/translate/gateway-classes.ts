import { condition } from './conditions.ts';
import type { Inputs, Settings } from './inputs.ts';
import { readParameters, uidOf, type ProxySettings } from './parameters.ts';
import type { Condition } from '../api/conditions.ts';
import type { Collection } from '../reactive/collection.ts';
import type { Graph } from '../reactive/graph.ts';

/** A GatewayClass of ours. Key: its name. */
export interface Class {
  readonly name: string;
  /** '' when its source keeps none. */
  readonly uid: string;
  /** The one of our controller names that the class has. */
  readonly controllerName: string;
  readonly accepted: boolean;
  readonly conditions: readonly Condition[];
  /** What its `parametersRef` says of the proxies of all its Gateways. */
  readonly settings: ProxySettings | undefined;
}

/** The GatewayClasses that name one of our controllers; others are left alone. */
export function gatewayClasses(graph: Graph, inputs: Inputs, settings: Settings): Collection<Class> {
  return graph.derive('classes', inputs.resources.GatewayClass, (gatewayClass, read): Class | undefined => {
    const { controllerName, parametersRef } = gatewayClass.object.spec;
    if (!settings.controllerNames.includes(controllerName)) return undefined;
    const parameters = parametersRef && readParameters(parametersRef, 'parametersRef', { read, inputs });
    const fault = parameters?.fault;
    return {
      name: gatewayClass.key,
      uid: uidOf(gatewayClass),
      controllerName,
      accepted: fault === undefined,
      conditions: [
        condition('Accepted', fault === undefined, {
          reason: fault?.reason ?? 'Accepted',
          message: fault?.message ?? 'GatewayClass is accepted',
          generation: gatewayClass.metadata.generation,
        }),
      ],
      settings: parameters?.settings,
    };
  });
}
