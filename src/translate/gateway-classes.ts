import { condition } from './conditions.ts';
import type { Inputs, Settings } from './inputs.ts';
import { parametersFault } from './parameters.ts';
import type { Condition } from '../api/conditions.ts';
import type { Collection } from '../reactive/collection.ts';
import type { Graph } from '../reactive/graph.ts';

/** A GatewayClass of ours. Key: its name. */
export interface Class {
  readonly name: string;
  readonly accepted: boolean;
  readonly conditions: readonly Condition[];
}

/** The GatewayClasses that name one of our controllers; others are left alone. */
export function gatewayClasses(graph: Graph, inputs: Inputs, settings: Settings): Collection<Class> {
  return graph.derive('classes', inputs.resources.GatewayClass, (gatewayClass, read): Class | undefined => {
    const { controllerName, parametersRef } = gatewayClass.object.spec;
    if (!settings.controllerNames.includes(controllerName)) return undefined;
    const fault = parametersRef && parametersFault(parametersRef, 'parametersRef', { read, inputs });
    const accepted = fault === undefined;
    return {
      name: gatewayClass.key,
      accepted,
      conditions: [
        condition('Accepted', accepted, {
          reason: fault?.reason ?? 'Accepted',
          message: fault?.message ?? 'GatewayClass is accepted',
          generation: gatewayClass.metadata.generation,
        }),
      ],
    };
  });
}
