import { duplicate, invalid, required } from './field-error.ts';
import type { FieldError } from './field-error.ts';
import type { Objects } from './kinds.ts';
import { dns1123Label, dns1123Subdomain, labelValue, portName, qualifiedName } from './names.ts';
import type { ServicePort } from './types.ts';

type Service = Objects['Service'];

const PORT_RANGE = 'must be between 1 and 65535, inclusive';

/** What is wrong with a Service whose fields have the right types: `ValidateService` in k8s.io/kubernetes/pkg/apis/core/validation. */
export function serviceErrors({ spec }: Service): FieldError[] {
  const errors: FieldError[] = [];
  const ports = spec.ports ?? [];
  if (ports.length === 0 && spec.clusterIP !== 'None' && spec.type !== 'ExternalName') errors.push(required('spec.ports'));
  const names = new Set<string>();
  const numbers = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const field = `spec.ports[${index}]`;
    errors.push(...nameErrors(field, port.name ?? '', ports.length > 1, names), ...portErrors(field, port));
    const number = `${port.protocol}/${port.port}`;
    // The API server prints the port as its own code has it, without what does not count.
    const shown = { Name: '', Protocol: port.protocol, AppProtocol: null, Port: port.port, TargetPort: 0, NodePort: 0 };
    if (numbers.has(number)) errors.push({ ...duplicate(field, ''), message: `Duplicate value: ${JSON.stringify(shown)}` });
    numbers.add(number);
  }
  for (const [key, value] of Object.entries(spec.selector ?? {})) {
    for (const problem of qualifiedName(key)) errors.push(invalid('spec.selector', key, problem));
    for (const problem of labelValue(value)) errors.push(invalid('spec.selector', value, problem));
  }
  if (spec.type === 'ExternalName') errors.push(...externalNameErrors(spec.externalName ?? ''));
  return errors;
}

function nameErrors(field: string, name: string, mustBe: boolean, names: Set<string>): FieldError[] {
  if (name === '') return mustBe ? [required(`${field}.name`)] : [];
  const errors = dns1123Label(name).map((problem) => invalid(`${field}.name`, name, problem));
  if (names.has(name)) errors.push(duplicate(`${field}.name`, name));
  names.add(name);
  return errors;
}

function portErrors(field: string, { port = 0, targetPort = 0, appProtocol }: Partial<ServicePort>): FieldError[] {
  const errors: FieldError[] = [];
  if (!inRange(port)) errors.push(invalid(`${field}.port`, port, PORT_RANGE));
  const target = targetPort === 0 || targetPort === '' ? port : targetPort;
  if (typeof target === 'string') errors.push(...portName(target).map((problem) => invalid(`${field}.targetPort`, target, problem)));
  else if (!inRange(target)) errors.push(invalid(`${field}.targetPort`, target, PORT_RANGE));
  if (appProtocol !== undefined) errors.push(...qualifiedName(appProtocol).map((problem) => invalid(`${field}.appProtocol`, appProtocol, problem)));
  return errors;
}

function inRange(port: number): boolean {
  return port >= 1 && port <= 65535;
}

function externalNameErrors(name: string): FieldError[] {
  if (name === '') return [required('spec.externalName')];
  const bare = name.replace(/\.$/, '');
  return dns1123Subdomain(bare).map((problem) => invalid('spec.externalName', bare, problem));
}
