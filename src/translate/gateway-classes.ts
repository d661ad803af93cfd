import { condition, type Fault } from './conditions.ts';
import type { Inputs, Settings } from './inputs.ts';
import type { Condition } from '../api/conditions.ts';
import type { ResourceOf } from '../api/kinds.ts';
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
  return graph.derive('classes', inputs.resources.GatewayClass, (gatewayClass, read) => {
    const { spec } = gatewayClass.object;
    if (!settings.controllerNames.includes(spec.controllerName)) return undefined;
    const generation = gatewayClass.metadata.generation;
    const fault = parametersFault(gatewayClass, (key) => read.get(inputs.resources.EnvoyProxy, key) !== undefined);
    const accepted = fault === undefined;
    return {
      name: gatewayClass.key,
      accepted,
      conditions: [
        condition('Accepted', accepted, {
          reason: fault?.reason ?? 'Accepted',
          message: fault?.message ?? 'Valid GatewayClass',
          generation,
        }),
      ],
    };
  });
}

function parametersFault(gatewayClass: ResourceOf<'GatewayClass'>, exists: (key: string) => boolean): Fault | undefined {
  const ref = gatewayClass.object.spec.parametersRef;
  if (ref === undefined) return undefined;
  const name = `${ref.kind} ${ref.namespace ?? ''}/${ref.name}`;
  if (ref.group !== 'gateway.envoyproxy.io' || ref.kind !== 'EnvoyProxy') {
    return { reason: 'InvalidParameters', message: `parametersRef: ${name}: only EnvoyProxy of gateway.envoyproxy.io is supported` };
  }
  if (ref.namespace === undefined || !exists(`${ref.namespace}/${ref.name}`)) {
    return { reason: 'InvalidParameters', message: `parametersRef: ${name} does not exist` };
  }
  return undefined;
}
