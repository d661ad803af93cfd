import { pickerTls } from './picker-service.ts';
import { serviceKey } from '../backends/backend-key.ts';
import type { Settings } from '../inputs.ts';
import type { Backend } from '../../ir/backend.ts';

/** Key of the backend that our own endpoint picker is: of no namespace of anybody's. */
export const ownPickerKey = 'endpointpicker/moongate/own';

/** Our picker as a backend; no object of a user's stands for it. Beyond this machine it speaks TLS, as other pickers do. */
export function ownPicker({ endpointPicker }: Pick<Settings, 'endpointPicker'>): Backend {
  return {
    key: ownPickerKey,
    owner: 'EndpointPicker/moongate/own',
    ownerVersion: '',
    protocol: 'h2c',
    picks: 'own',
    tls: endpointPicker?.type === 'service' ? pickerTls(undefined) : undefined,
    discovery: { type: 'endpoints' },
  };
}

/** The Service port that has its endpoints; undefined: there is none. */
export function ownPickerService({ endpointPicker }: Pick<Settings, 'endpointPicker'>): string | undefined {
  return endpointPicker?.type === 'service' ? serviceKey('Service', endpointPicker.service, endpointPicker.port) : undefined;
}
