import type { Backend, Endpoint } from '../../ir/backend.ts';
import type { EndpointPicker } from '../../ir/endpoint-picker.ts';
import type { Forward, Mirror, Route, Rule, WeightedBackend } from '../../ir/route.ts';
import type { Session } from '../../ir/session.ts';
import { hostOf as setHostOf } from '../../xds/resources/header-changes.ts';
import { isPicked, pickedRetries } from '../../xds/resources/retry.ts';
import type { BackendPart } from './explanation.ts';
import { grpcStatusOf } from './grpc.ts';
import { changedHeaders, changedPath, changeLabels } from './rewrite.ts';
import type { World } from './world.ts';
import type { RoutedRequest } from './request.ts';

/** Servers of one backend that are listed. */
const maxEndpoints = 10;

/** The backends of a rule with what each is sent and does. Those without a share are left out. */
export function backendParts(route: Route, forward: Forward, from: { readonly request: RoutedRequest; readonly world: World }): BackendPart[] {
  const used = forward.backends.filter(({ weight }) => weight > 0);
  const total = used.reduce((sum, { weight }) => sum + weight, 0);
  return used.map((backend) => {
    const servers = backend.backend === undefined ? { endpoints: [], endpointsOmitted: 0 } : endpointParts(backend.backend, from.world);
    return {
      backend: backend.backend,
      share: backend.weight / total,
      failure: failureOf(backend, { ...from, rule: route.rule }),
      protocol: protocolLabel(backend.backend === undefined ? undefined : from.world.backend(backend.backend)),
      ...servers,
      ...sent(route, forward, { backend, request: from.request }),
      responseChanges: [...changeLabels(route.rule.responseHeaders, 'response'), ...changeLabels(backend.responseHeaders, 'response')],
    };
  });
}

function protocolLabel({ protocol, tls }: Pick<Backend, 'protocol' | 'tls'> = { protocol: 'http1', tls: undefined }): string {
  if (tls === undefined) return protocol;
  return `${{ http1: 'http1', h2c: 'h2', auto: 'h2 or http1' }[protocol]} with TLS`;
}

/** The request as a backend gets it: the rule's filters first, then the backend's own. */
function sent(route: Route, forward: Forward, { backend, request }: { readonly backend: WeightedBackend; readonly request: RoutedRequest }): Pick<BackendPart, 'authority' | 'path' | 'headers'> {
  const { rule, match } = route;
  const path = backend.rewrite?.path ?? forward.rewrite?.path;
  const host = backend.rewrite?.hostname ?? setHostOf(backend.requestHeaders) ?? forward.rewrite?.hostname ?? setHostOf(rule.requestHeaders);
  return {
    authority: host ?? request.authority,
    path: path === undefined ? request.path : changedPath(request.path, path, match),
    headers: changedHeaders(changedHeaders(request.headers, rule.requestHeaders), backend.requestHeaders),
  };
}

function failureOf(
  { backend }: WeightedBackend,
  { request, rule, world }: { readonly request: RoutedRequest; readonly rule: Rule; readonly world: World },
): BackendPart['failure'] {
  const failure = faultOf(backend, world);
  if (failure === undefined) return undefined;
  const { status = rule.protocol === 'grpc' ? 503 : 500, reason } = failure;
  const grpcStatus = grpcStatusOf(status, request);
  return { status, reason, ...(grpcStatus !== undefined && { grpcStatus }) };
}

/** Why there is nobody; without a status it is that of an invalid backend. */
function faultOf(backend: string | undefined, world: World): { readonly status?: number; readonly reason: string } | undefined {
  if (backend === undefined) return { reason: 'the backendRef leads nowhere: see the conditions of the route' };
  const known = world.backend(backend);
  if (known === undefined) return { reason: 'the backend is not on this proxy' };
  if (known.discovery.type === 'none') return { status: 503, reason: 'the connection cannot be secured as it has to be: see the conditions of the BackendTLSPolicy' };
  if (known.discovery.type === 'endpoints' && (world.endpoints(backend)?.endpoints ?? []).length === 0) {
    return { status: 503, reason: 'the backend has no endpoints that are ready' };
  }
  if (known.picker?.failureMode === 'closed' && known.picker.service === undefined) return { status: 503, reason: 'nobody picks a server: see the conditions of the InferencePool' };
  return undefined;
}

/** The servers of a backend, as far as they are listed. */
export function endpointParts(key: string, world: World): Pick<BackendPart, 'endpoints' | 'endpointsOmitted'> {
  const endpoints = endpointLabels(key, world);
  return { endpoints: endpoints.slice(0, maxEndpoints), endpointsOmitted: Math.max(0, endpoints.length - maxEndpoints) };
}

function endpointLabels(key: string, world: World): string[] {
  const discovery = world.backend(key)?.discovery;
  if (discovery?.type === 'dns') return discovery.hosts.map(({ hostname, port }) => `${hostname}:${port} (by DNS)`);
  return (world.endpoints(key)?.endpoints ?? []).map(endpointLabel);
}

function endpointLabel({ address, zone, draining }: Endpoint): string {
  const where = address.type === 'unix' ? `unix:${address.path}` : `${address.ip.includes(':') ? `[${address.ip}]` : address.ip}:${address.port}`;
  const notes = [...(zone === '' ? [] : [`zone ${zone}`]), ...(draining ? ['draining'] : [])];
  return notes.length === 0 ? where : `${where} (${notes.join(', ')})`;
}

/** What a rule's filters and settings do with a request that is passed on, one sentence each. */
export function forwardEffects(rule: Rule, forward: Forward): string[] {
  const { timeouts, retry } = forward;
  return [
    ...changeLabels(rule.requestHeaders, 'request'),
    ...forward.backends.filter(({ weight }) => weight > 0).flatMap((backend) => changeLabels(backend.requestHeaders, 'request').map((label) => `for ${backend.backend ?? 'the invalid backend'}: ${label}`)),
    ...forward.backends.flatMap(({ backend, weight, session }) => (session === undefined || weight === 0 ? [] : [sessionLabel(session, backend)])),
    ...forward.backends.flatMap(({ backend, weight, picker }) => (picker === undefined || weight === 0 ? [] : [pickerLabel(picker, backend)])),
    ...rule.mirrors.filter(({ numerator }) => numerator > 0).map(mirrorLabel),
    ...(timeouts.request === undefined ? [] : [`gives up after ${seconds(timeouts.request)}, retries included`]),
    ...(timeouts.backendRequest === undefined ? [] : [`gives up on each try after ${seconds(timeouts.backendRequest)}`]),
    ...(retry === undefined || retry.attempts === 0 ? [] : [retryLabel(retry)]),
    ...(retry === undefined && isPicked(forward.backends) ? [`retries up to ${pickedRetries} times on failed connections, at the next server of the picker's list`] : []),
  ];
}

function sessionLabel(session: Session, backend: string | undefined): string {
  return `keeps a client with one server of ${backend}, by the ${session.type} ${session.name}`;
}

/** What only the picker knows is which server it is. */
function pickerLabel({ failureMode, service }: EndpointPicker, backend: string | undefined): string {
  const otherwise = failureMode === 'open' ? 'any server may get it' : 'no server gets it';
  return service === undefined ? `there is no endpoint picker for ${backend}: ${otherwise}` : `the endpoint picker ${service.backend} chooses the server of ${backend}; without it ${otherwise}`;
}

function mirrorLabel({ backend, numerator, denominator }: Mirror): string {
  return `mirrors ${percent(numerator / denominator)} to ${backend}`;
}

function retryLabel({ attempts, codes, backoff }: NonNullable<Forward['retry']>): string {
  const when = ['failed connections', ...(codes.length === 0 ? [] : [`status ${codes.join(', ')}`])].join(' and ');
  return `retries up to ${attempts} ${attempts === 1 ? 'time' : 'times'} on ${when}${backoff === undefined ? '' : `, first after ${seconds(backoff)}`}`;
}

function seconds(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${ms / 1000} s`;
}

/** `12.5 %`. */
export function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}
