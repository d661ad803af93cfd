import { anyPools } from './any-pools.ts';
import { pickerFault } from './picker-service.ts';
import { ownPickerKey } from './own-picker.ts';
import { serviceKey } from '../backends/backend-key.ts';
import type { ServicePorts } from '../backends/services.ts';
import { at, bugFault, type Fault } from '../conditions.ts';
import type { Inputs, Settings } from '../inputs.ts';
import { missing } from '../missing.ts';
import type { AnyInferencePool, PoolKind } from '../../api/inference-pool.ts';
import type { EndpointPicker } from '../../ir/endpoint-picker.ts';
import type { Collection, Read } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';

/** Characters of a label's value. */
const maxLabelValue = 63;

/** An InferencePool, whoever uses it. Key: `namespace/name`. */
export interface PoolState {
  readonly resource: AnyInferencePool;
  readonly picker: EndpointPicker;
  /** Accepted=False: no request gets to it. */
  readonly acceptedFault: Fault | undefined;
  /** ResolvedRefs=False: nobody picks. */
  readonly refsFault: Fault | undefined;
}

/** All InferencePools, of whichever kind. */
export function inferencePools(
  graph: Graph,
  from: { readonly inputs: Inputs; readonly settings: Settings; readonly services: Collection<ServicePorts> },
): Collection<PoolState> {
  return graph.derive('inference-pools', anyPools(graph, from.inputs.resources), (resource, read) => poolState(resource, read, from), {
    recover: (resource, error): PoolState => ({ resource, picker: nobody(resource.key), acceptedFault: bugFault(error), refsFault: undefined }),
  });
}

/** Without a picker that anybody named and without one of our own, there is nobody to ask. */
const noPicker: Fault = {
  reason: 'EndpointPickerRefMissing',
  message: 'spec.endpointPickerRef is missing, and there is no endpoint picker of our own: requests are answered with 503',
};

function poolState(resource: AnyInferencePool, read: Read, { inputs, settings, services }: Parameters<typeof inferencePools>[1]): PoolState {
  const { key, metadata: { namespace }, object: { spec } } = resource;
  const sound = { resource, acceptedFault: settings.ownsEverything ? undefined : nameFault(resource), refsFault: undefined };
  const { endpointPickerRef: ref } = spec;
  if (ref === undefined) {
    if (settings.endpointPicker === undefined) return { ...sound, picker: nobody(key), acceptedFault: noPicker };
    // Nobody asked for a picker of ours: requests do not depend on it.
    return { ...sound, picker: { pool: key, failureMode: 'open', service: { backend: ownPickerKey, dialect: 'own' } } };
  }
  const failureMode = ref.failureMode === 'FailOpen' ? 'open' : 'closed';
  const object = `${namespace}/${ref.name}`;
  const fault = pickerFault(ref, { object, service: read.get(services, `Service/${object}`), missing: () => missing(read, inputs, { kind: 'Service', namespace }) });
  if (fault !== undefined || ref.port === undefined) return { ...sound, picker: { ...nobody(key), failureMode }, refsFault: fault && at(pickerFields[resource.kind], fault) };
  return { ...sound, picker: { pool: key, failureMode, service: { backend: serviceKey('Service', object, ref.port.number, 'picker'), dialect: 'standard' } } };
}

/** Where a pool names its picker. */
const pickerFields: Readonly<Record<PoolKind, string>> = { InferencePool: 'spec.endpointPickerRef', XInferencePool: 'spec.extensionRef', DeployedInferencePool: 'spec' };

/** In a cluster the name is the value of a label. */
function nameFault({ metadata: { name } }: AnyInferencePool): Fault | undefined {
  if (name.length <= maxLabelValue) return undefined;
  return { reason: 'NotSupportedByParent', message: `metadata.name: no more than ${maxLabelValue} characters are supported` };
}

function nobody(pool: string): EndpointPicker {
  return { pool, failureMode: 'closed', service: undefined };
}
