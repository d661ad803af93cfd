import { routeTableOf, type FilterChain, type Listener, type RouteTable } from '../ir/listener.ts';
import type { Route, VirtualHost } from '../ir/route.ts';
import { bestMatch, wider } from '../translate/hostname.ts';
import { assertNever } from '../util/assert.ts';
import { connect } from './explain/connection.ts';
import { corsEffect } from './explain/cors.ts';
import { backendResources, deliveryOf, listenerResources, tableResources } from './explain/delivery.ts';
import type { Answer, BackendPart, Explanation, RoutePart } from './explain/explanation.ts';
import { externalAuthLabel } from './explain/external-auth.ts';
import { backendParts, forwardEffects, percent } from './explain/forwarding.ts';
import { grpcStatusOf } from './explain/grpc.ts';
import { handedOn } from './explain/handed-on.ts';
import { listenerPart } from './explain/listener-part.ts';
import { matchLabel, misfits } from './explain/match.ts';
import { methodRefusal } from './explain/method.ts';
import { otherRoutes } from './explain/others.ts';
import { normalizePath } from './explain/path.ts';
import { passFilters } from './explain/request-filters.ts';
import { hostOf, type ExplainedRequest, type Header, type Question, type RoutedRequest } from './explain/request.ts';
import { changeLabels, location } from './explain/rewrite.ts';
import type { World } from './explain/world.ts';

/**
 * Says who answers a request or takes a connection, and why, by doing what Envoy does with the same listeners and routes:
 *
 *     port ─► listener ─ TLS server name ─► chain ─┬─► path made canonical ─► filters of the listener ─► host ─► virtual host
 *                                                  │   ─► first route that fits ─► CORS, redirect, header changes, rewrite ─┐
 *                                                  └─► stream route ────────────────────────────────────────────────────────┴─► backends by share ─► endpoints
 */
export function explain(question: Question, world: World, options: { readonly gateway?: string } = {}): Explanation {
  const connection = connect(question, world, options.gateway);
  const { chain, steps } = connection;
  const listener = connection.listener && listenerPart(connection.listener, chain, { world, question });
  const base: Base = { request: question, steps, listener, virtualHost: undefined, route: undefined, others: [], othersOmitted: 0, delivery: [] };
  if ('failure' in connection) return { ...base, answer: { type: 'none', reason: connection.failure }, summary: `No answer: ${connection.failure}.` };
  const table = chain && routeTableOf(chain);
  if (chain === undefined || table === undefined || !('authority' in question)) return handedOn(base, { listener: connection.listener, chain, world });
  const early = beforeRouting(question);
  const arrived = { ...base, steps: [...steps, ...early.steps] };
  if ('answer' in early) return { ...arrived, answer: early.answer, summary: localSummary(early.answer) };
  return routed(arrived, early.routed, { world, listener: connection.listener, chain, table });
}

/** What Envoy does with any request, whatever the routes: refuse it, send it elsewhere, or change it. */
function beforeRouting(request: ExplainedRequest): { readonly steps: string[] } & ({ readonly answer: Answer & { type: 'local' } } | { readonly routed: RoutedRequest }) {
  const refused = methodRefusal(request.method);
  if (refused !== undefined) return { steps: [], answer: local(refused.status, refused.reason) };
  const odd = request.headers.find(({ name }) => name.includes('_'));
  if (odd !== undefined) return { steps: [], answer: local(400, `header ${odd.name} has an underscore, which servers may take for a hyphen: Envoy refuses it`) };
  const normalized = normalizePath(request.path);
  if ('problem' in normalized) return { steps: [], answer: local(400, normalized.problem) };
  const steps = normalized.path === request.path ? [] : [`path ${request.path} becomes ${normalized.path}`];
  if (normalized.redirects) {
    const reason = 'the path has an escaped slash: the client is sent to the plain form';
    return { steps, answer: local(307, reason, [{ name: 'location', value: normalized.path }]) };
  }
  const { method, authority } = request;
  // Envoy knows the scheme by the connection and does not believe a client.
  const headers = [...request.headers.filter(({ name }) => name !== 'x-forwarded-proto'), { name: 'x-forwarded-proto', value: request.scheme }];
  return { steps, routed: { method, authority, path: normalized.path, headers } };
}

interface Place {
  readonly world: World;
  readonly listener: Listener;
  readonly chain: FilterChain;
  /** Key of the route table behind the chain. */
  readonly table: string;
}

type Base = Omit<Explanation, 'summary' | 'answer'>;

function routed(base: Base, request: RoutedRequest, place: Place): Explanation {
  const { world, listener, chain } = place;
  const host = hostOf(request.authority);
  const table = world.routeTable(place.table);
  const virtualHost = virtualHostOf(place.table, host, world);
  const filters = passFilters(chain, host);
  const misdirected = misdirection(host, table, virtualHost);
  const isRouted = filters.failure === undefined && misdirected === undefined;
  const route = isRouted ? virtualHost?.routes.find((each) => misfits(each, request).length === 0) : undefined;
  const { others, omitted } = otherRoutes(request, { world, host, virtualHost, table: place.table, gateway: base.listener?.gateway ?? listener.proxy, chosen: route });
  const from = { request, place, table, virtualHost };
  const answered =
    filters.failure !== undefined
      ? { answer: local(500, filters.failure) }
      : misdirected !== undefined
      ? { answer: local(421, misdirected === '*' ? `host ${host} is none of those that this connection was made for` : `host ${host} belongs to the listener for ${misdirected}, and this connection was made for another one`) }
      : route === undefined
        ? { answer: local(404, unmatched(host, virtualHost, place)) }
        : answerOf(route, from);
  const answer = toGrpc(answered.answer, request);
  const backends = answer.type === 'forward' ? answer.backends.flatMap(({ backend }) => backend ?? []) : [];
  const delivery = deliveryOf(world, listener.proxy, [...listenerResources(listener, chain), ...tableResources(world, place.table, host), ...backendResources(world, backends)]);
  return {
    ...base,
    steps: [...base.steps, ...filters.steps],
    virtualHost: isRouted ? virtualHost?.domain : undefined,
    route: 'part' in answered ? answered.part : undefined,
    answer,
    others,
    othersOmitted: omitted,
    delivery,
    summary: 'part' in answered ? routeSummary(answered.part, answer) : localSummary(answer),
  };
}

/** Envoy's choice: the exact domain, else the longest wildcard. */
function virtualHostOf(table: string, host: string, world: World): VirtualHost | undefined {
  for (const domain of [host, ...wider(host)]) {
    const found = world.virtualHost(table, domain);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The hostname of another listener that has the host; a virtual host that is at least as specific has it here. */
function misdirection(host: string, table: RouteTable | undefined, virtualHost: VirtualHost | undefined): string | undefined {
  const names = new Set(table?.misdirected);
  if (virtualHost !== undefined) names.add(virtualHost.domain);
  const best = bestMatch(names, host);
  return best === virtualHost?.domain ? undefined : best;
}

function unmatched(host: string, virtualHost: VirtualHost | undefined, { world, table }: Place): string {
  if (virtualHost !== undefined && virtualHost.routes.length > 0) return `no route of host ${virtualHost.domain} fits the request`;
  const known = [...world.domains(table)];
  const near = known.toSorted((a, b) => commonEnd(b, host) - commonEnd(a, host)).slice(0, 5);
  return `no route has the host ${host}${known.length === 0 ? '' : `; there is: ${near.join(', ')}${known.length > near.length ? ' …' : ''}`}`;
}

function commonEnd(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a.at(-1 - length) === b.at(-1 - length)) length++;
  return length;
}

function local(status: number, reason: string, headers: readonly Header[] = []): Answer & { type: 'local' } {
  return { type: 'local', status, reason, headers };
}

/** A gRPC client gets what Envoy answers by itself as a status of gRPC. */
function toGrpc(answer: Answer, request: RoutedRequest): Answer {
  const grpcStatus = answer.type === 'local' ? grpcStatusOf(answer.status, request) : undefined;
  if (answer.type !== 'local' || grpcStatus === undefined) return answer;
  return { ...answer, status: 200, headers: [...answer.headers, { name: 'grpc-status', value: grpcStatus.split(' ')[0] ?? '' }], grpcStatus };
}

/** `404`, or for a gRPC client `gRPC status 12 UNIMPLEMENTED`. */
function statusLabel({ status, grpcStatus }: { readonly status: number; readonly grpcStatus?: string }): string {
  return grpcStatus === undefined ? String(status) : `gRPC status ${grpcStatus}`;
}

interface Matched {
  readonly request: RoutedRequest;
  readonly place: Place;
  readonly table: RouteTable | undefined;
  readonly virtualHost: VirtualHost | undefined;
}

/** What the route that fits does. The order is that of the HTTP filters: CORS, then the route's action. */
function answerOf(route: Route, { request, place, table, virtualHost }: Matched): { readonly answer: Answer; readonly part: RoutePart } {
  const { rule } = route;
  const { action } = rule;
  // Envoy looks for a policy only where a request is passed on.
  const cors = rule.cors && action.type === 'forward' ? corsEffect(rule.cors, request) : undefined;
  const part = (effects: readonly string[]): RoutePart => ({
    name: route.name,
    owner: rule.owner,
    ruleName: rule.name,
    match: matchLabel(route),
    effects: [...(cors === undefined ? [] : [cors.label]), ...(rule.externalAuth === undefined ? [] : [externalAuthLabel(rule.externalAuth)]), ...effects],
  });
  if (cors?.preflight === true) return { answer: local(200, 'Envoy answers the CORS preflight', cors.headers), part: part([]) };
  switch (action.type) {
    case 'forward':
      return { answer: { type: 'forward', backends: backendParts(route, action, { request, world: place.world }) }, part: part(forwardEffects(rule, action)) };
    case 'redirect': {
      const context = { port: table?.port ?? place.listener.port, scheme: table?.scheme ?? 'http', domain: virtualHost?.domain ?? '*' };
      const to = location(action, request, { match: route.match, context });
      const answer = local(action.statusCode, `redirect to ${to}`, [{ name: 'location', value: to }]);
      return { answer, part: part(changeLabels(rule.responseHeaders, 'response')) };
    }
    case 'direct': {
      const reason = action.statusCode === 500 ? brokenReason(route, place.world) : 'the route answers by itself';
      return { answer: local(action.statusCode, reason), part: part(changeLabels(rule.responseHeaders, 'response')) };
    }
    default:
      return assertNever(action);
  }
}

/** Why a rule answers 500. That there is nobody to pass requests on to is nothing that conditions tell. */
function brokenReason(route: Route, world: World): string {
  const index = ruleIndex(route.name);
  const weights = index === undefined ? undefined : world.backendWeights(route.rule.owner, index);
  if (weights === undefined) return 'the rule cannot be served as it is written: see the conditions of the route';
  return weights.length === 0 ? 'the rule has no backendRefs' : 'the weights of all backendRefs of the rule are 0';
}

function ruleIndex(routeName: string): number | undefined {
  const index = /\/rule\/(\d+)\/match\/(\d+)$/.exec(routeName)?.[1];
  return index === undefined ? undefined : Number(index);
}

function localSummary(answer: Answer): string {
  return answer.type === 'local' ? `${statusLabel(answer)}: ${answer.reason}.` : '';
}

function routeSummary({ owner, name }: RoutePart, answer: Answer): string {
  const index = ruleIndex(name);
  const who = `${owner.replace('/', ' ')}${index === undefined ? '' : `, rule ${index}`}`;
  switch (answer.type) {
    case 'none':
    case 'connect':
      return `${who}: no answer.`;
    case 'local':
      return `${who} answers ${statusLabel(answer)}: ${answer.reason}.`;
    case 'forward':
      return `${who} ${forwardSummary(answer.backends)}.`;
    default:
      return assertNever(answer);
  }
}

/** Where requests go, and the share of them that nobody is there for. */
function forwardSummary(backends: readonly BackendPart[]): string {
  const label = ({ share }: BackendPart) => (backends.length === 1 ? '' : `${percent(share)} `);
  const passed = backends.flatMap((part) => (part.failure === undefined ? [`${label(part)}${part.backend ?? ''}`] : []));
  const failed = backends.flatMap((part) => {
    if (part.failure === undefined) return [];
    const about = part.backend === undefined ? '' : ` (${part.backend})`;
    return [`answers ${label(part) === '' ? '' : `${label(part)}with `}${statusLabel(part.failure)}: ${part.failure.reason}${about}`];
  });
  return [...(passed.length === 0 ? [] : [`passes it on to ${passed.join(', ')}`]), ...failed].join('; ');
}
