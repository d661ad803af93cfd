import { portOf, protocolOf, type ServicePort, type ServicePorts } from '../backends/services.ts';
import type { Fault } from '../conditions.ts';
import type { Objects } from '../../api/kinds.ts';
import type { BackendTls } from '../../ir/backend-tls.ts';

type PickerRef = NonNullable<Objects['InferencePool']['spec']['endpointPickerRef']>;

/** Why there is no picker where a pool's `endpointPickerRef` leads; undefined: there is. */
export function pickerFault(
  { group, kind, port }: PickerRef,
  { object, service, missing }: { readonly object: string; readonly service: ServicePorts | undefined; readonly missing: () => string },
): Fault | undefined {
  const invalid = (message: string): Fault => ({ reason: 'InvalidExtensionRef', message });
  const label = `${kind} ${object}`;
  if (group !== '' || kind !== 'Service') return invalid(`${label}${group === '' ? '' : ` of ${group}`} cannot be an endpoint picker, only a Service can`);
  if (service === undefined) return invalid(`${label} ${missing()}`);
  // "Implementations MUST NOT support ExternalName Services."
  if (service.externalName !== undefined) return invalid(`${label} is of type ExternalName, which is not supported`);
  // The API sees to it for a Service.
  if (port === undefined) return invalid(`${label}: a port is needed`);
  if (portOf(service, port.number, 'TCP') !== undefined) return undefined;
  const ports = service.ports.filter(({ protocol }) => protocol === 'TCP').map((one) => one.port).join(', ');
  return invalid(`${label} has no TCP port ${port.number}, only ${ports || 'none'}`);
}

/**
 * How a picker is spoken to, where no policy says it. The protocol has pickers speak TLS and says nothing of certificates; those that they make for
 * themselves are signed by nobody. A port that says that it speaks HTTP/2 without TLS is believed.
 */
export function pickerTls(appProtocol: ServicePort['appProtocol']): BackendTls | undefined {
  if (protocolOf(appProtocol, false) === 'h2c') return undefined;
  return { trustBundle: undefined, serverName: { type: 'endpoint' }, subjects: [], parameters: {} };
}
