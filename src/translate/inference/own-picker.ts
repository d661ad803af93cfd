import type { Settings } from '../inputs.ts';
import type { Backend, EndpointSet } from '../../ir/backend.ts';

/** Key of the backend that our own endpoint picker is: of no namespace of anybody's. */
export const ownPickerKey = 'endpointpicker/moongate/own';

/** Our picker as a backend; it has no object that stands for it. */
export const ownPicker: Backend = {
  key: ownPickerKey,
  owner: 'EndpointPicker/moongate/own',
  ownerVersion: '',
  protocol: 'h2c',
  picks: 'own',
  tls: undefined,
  discovery: { type: 'endpoints' },
};

/** Where it is. */
export function ownPickerEndpoints({ endpointPicker }: Pick<Settings, 'endpointPicker'>): EndpointSet {
  return { backend: ownPickerKey, endpoints: endpointPicker === undefined ? [] : [{ address: endpointPicker, zone: '', draining: false }] };
}
