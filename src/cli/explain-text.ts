import type { BackendPart, Explanation, OtherRoute, StreamPart } from '../admin/explain/explanation.ts';
import type { Question } from '../admin/explain/request.ts';

/** Width of the names at the left. */
const labelWidth = 13;

/** An explanation for people: the outcome, then what led to it, then what else there was. */
export function explanationText(explanation: Explanation): string {
  const { request, summary, steps, listener, virtualHost, route, answer, delivery } = explanation;
  const lines = [
    questionText(request),
    summary,
    '',
    ...(listener === undefined ? [] : [row('Gateway', listener.gateway), ...(listener.owner.startsWith('ListenerSet/') ? [row('ListenerSet', listener.owner.slice('ListenerSet/'.length))] : []), row('Listener', listenerText(listener))]),
    ...steps.map((step, i) => row(i === 0 ? 'On the way' : '', step)),
    ...(virtualHost === undefined ? [] : [row('Host', virtualHost === '*' ? '* (every host)' : virtualHost)]),
    ...(route === undefined ? [] : [row('Route', `${route.owner.replace('/', ' ')}${route.ruleName === '' ? '' : ` (rule "${route.ruleName}")`}`), row('', route.name), row('Match', route.match)]),
    ...(route?.effects ?? []).map((effect, i) => row(i === 0 ? 'Filters' : '', effect)),
    ...(answer.type === 'local' ? [row('Answer', `${answer.grpcStatus === undefined ? answer.status : `gRPC status ${answer.grpcStatus}`}, ${answer.reason}`), ...answer.headers.map(({ name, value }) => row('', `${name}: ${value}`))] : []),
    ...(answer.type === 'forward' ? answer.backends.flatMap((backend) => backendLines(backend, explanation)) : []),
    ...(answer.type === 'connect' ? answer.backends.flatMap((backend) => streamLines(backend, request)) : []),
    ...deliveryLines(delivery),
    ...otherLines(explanation),
  ];
  return `${lines.join('\n')}\n`;
}

function questionText(question: Question): string {
  const { scheme, host, port } = question;
  if (!('authority' in question)) return `${scheme}://${host}:${port}`;
  const { method, path, authority } = question;
  return `${method} ${scheme}://${host}:${port}${path}${authority === '' ? '' : `   Host: ${authority}`}`;
}

function row(label: string, text: string): string {
  return `${label.padEnd(labelWidth)}${text}`.trimEnd();
}

function listenerText({ name, address, port, boundPort, transport, serverNames, certificates }: NonNullable<Explanation['listener']>): string {
  const where = `${name}, ${address}:${boundPort}${transport === 'UDP' ? ' UDP' : ''}${boundPort === port ? '' : ` (in place of ${port})`}`;
  if (serverNames === undefined) return where;
  return `${where}, TLS for ${serverNames.join(', ') || 'every server name'}${certificates.length === 0 ? ' passed through' : ` with ${certificates.join(', ')}`}`;
}

function backendLines(backend: BackendPart, { request }: Explanation): string[] {
  if (!('authority' in request)) return [];
  const { share, failure, protocol, endpoints, endpointsOmitted, authority, path, headers, responseChanges } = backend;
  const name = `${backend.backend ?? 'invalid backend'}, ${Number((share * 100).toFixed(2))} % of requests`;
  if (failure !== undefined) return [row('Backend', name), row('', `answers ${failure.grpcStatus === undefined ? failure.status : `gRPC status ${failure.grpcStatus}`}: ${failure.reason}`)];
  const servers = [...endpoints, ...(endpointsOmitted === 0 ? [] : [`and ${endpointsOmitted} more`])];
  const given = new Set(request.headers.map((header) => `${header.name}: ${header.value}`));
  const changed = headers.map((header) => `${header.name}: ${header.value}`).filter((line) => !given.has(line) && line !== `x-forwarded-proto: ${request.scheme}`);
  return [
    row('Backend', name),
    row('  Servers', `${servers.join(', ')}${protocol === 'http1' ? '' : ` (${protocol})`}`),
    row('  Is sent', `${request.method} ${path}, Host: ${authority}`),
    ...changed.map((line) => row('', line)),
    ...responseChanges.map((change, i) => row(i === 0 ? '  Response' : '', change)),
  ];
}

function streamLines({ backend, share, failure, tls, endpoints, endpointsOmitted }: StreamPart, { scheme }: Question): string[] {
  const name = `${backend ?? 'invalid backend'}, ${Number((share * 100).toFixed(2))} % of ${scheme === 'udp' ? 'clients' : 'connections'}`;
  if (failure !== undefined) return [row('Backend', name), row('', failure)];
  const servers = [...endpoints, ...(endpointsOmitted === 0 ? [] : [`and ${endpointsOmitted} more`])];
  return [row('Backend', name), row('  Servers', `${servers.join(', ')}${tls ? ' (with TLS)' : ''}`)];
}

function deliveryLines(delivery: Explanation['delivery']): string[] {
  if (delivery.length === 0) return [];
  const late = delivery.filter(({ state }) => state !== 'acked');
  if (late.length === 0) return [row('Envoy', `has acknowledged all that this depends on (${delivery.map(({ type }) => type).join(', ')})`)];
  return late.map(({ type, name, state, message }, i) => row(i === 0 ? 'Envoy' : '', `${type} ${name} is ${state}${message === undefined ? '' : `: ${message}`}`));
}

function otherLines({ others, othersOmitted, route }: Explanation): string[] {
  if (others.length === 0) return [];
  const title = route === undefined ? 'Routes that come near' : 'Other routes';
  return ['', `${title}:`, ...others.map(otherLine), ...(othersOmitted === 0 ? [] : [`  and ${othersOmitted} more`])];
}

function otherLine({ name, match, fits, why }: OtherRoute): string {
  return `  ${fits ? 'fits' : 'no  '}  ${name}${match === '' ? '' : ` (${match})`}: ${why}`;
}
