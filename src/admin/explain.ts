import { routeTableOf, terminationOf, type FilterChain, type Listener, type RouteTable } from '../ir/listener.ts';
import type { Route, VirtualHost } from '../ir/route.ts';
import type { StreamRoute } from '../ir/stream.ts';
import { bestMatch, wider } from '../translate/hostname.ts';
import { assertNever } from '../util/assert.ts';
import { connect } from './explain/connection.ts';
import { corsEffect } from './explain/cors.ts';
import { deliveryOf } from './explain/delivery.ts';
import type { Answer, BackendPart, Explanation, ListenerPart, RoutePart } from './explain/explanation.ts';
import { externalAuthLabel } from './explain/external-auth.ts';
import { backendParts, forwardEffects, percent } from './explain/forwarding.ts';
import { matchLabel, misfits, type RoutedRequest } from './explain/match.ts';
import { methodRefusal } from './explain/method.ts';
import { otherRoutes } from './explain/others.ts';
import { normalizePath } from './explain/path.ts';
import { filterSteps } from './explain/request-filters.ts';
import { hostOf, type ExplainedRequest, type Header } from './explain/request.ts';
import { changeLabels, location } from './explain/rewrite.ts';
import type { World } from './explain/world.ts';

/**
 * Says who answers a request, and why, by doing what Envoy does with the same listeners and routes:
 *
 *     port ─► listener ─ TLS server name ─► chain ─► path made canonical ─► host ─► virtual host ─► first route that fits
 *          ─► CORS, redirect, header changes, rewrite ─► backends by share ─► endpoints
 */
export function explain(request: ExplainedRequest, world: World, options: { readonly gateway?: string } = {}): Explanation {
  const connection = connect(request, world, options.gateway);
  const listener = connection.listener && listenerPart(connection.listener, 'chain' in connection ? connection.chain : undefined, { world, request });
  if ('failure' in connection) {
    return { ...nothing(request), steps: connection.steps, listener, answer: { type: 'none', reason: connection.failure }, summary: `No answer: ${connection.failure}.` };
  }
  const table = routeTableOf(connection.chain);
  if (table === undefined) return handedOn({ ...nothing(request), steps: connection.steps, listener }, connection.chain, world);
  const early = beforeRouting(request);
  const base = { ...nothing(request), steps: [...connection.steps, ...early.steps], listener };
  if ('answer' in early) return { ...base, answer: early.answer, summary: localSummary(early.answer) };
  return routed(base, early.routed, { world, listener: connection.listener, chain: connection.chain, table });
}

function nothing(request: ExplainedRequest): Omit<Explanation, 'summary' | 'answer' | 'steps' | 'listener'> {
  return { request, virtualHost: undefined, route: undefined, others: [], othersOmitted: 0, delivery: [] };
}

/** A connection of which nobody reads more than the server name. */
function handedOn(base: Base, { target }: FilterChain, world: World): Explanation {
  const route = target?.type === 'stream' ? world.streamRoute(target.route) : undefined;
  const reason = route === undefined ? 'no route takes the connection: it is closed' : `the connection is handed on as it is (${route.owner}) to ${streamTargets(route)}`;
  return { ...base, answer: { type: 'none', reason }, summary: `No HTTP answer of ours: ${reason}.` };
}

function streamTargets({ backends }: StreamRoute): string {
  const total = backends.reduce((sum, { weight }) => sum + weight, 0);
  return backends.map(({ backend, weight }) => `${backends.length === 1 ? '' : `${percent(weight / total)} `}${backend ?? 'nobody, since a backendRef leads nowhere: it is closed'}`).join(', ') || 'nobody: it is closed';
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
  const misdirected = misdirection(host, table, virtualHost);
  const route = misdirected === undefined ? virtualHost?.routes.find(({ match }) => misfits(match, request).length === 0) : undefined;
  const { others, omitted } = otherRoutes(request, { world, host, virtualHost, table: place.table, proxy: listener.proxy, chosen: route });
  const from = { request, place, table, virtualHost };
  const answered =
    misdirected !== undefined
      ? { answer: local(421, `host ${host} belongs to the listener for ${misdirected}, and this connection was made for another one`) }
      : route === undefined
        ? { answer: local(404, unmatched(host, virtualHost, place)) }
        : answerOf(route, from);
  const delivery = deliveryOf(world, { listener, chain, table: place.table, host, backends: 'backends' in answered.answer ? answered.answer.backends.flatMap(({ backend }) => backend ?? []) : [] });
  return {
    ...base,
    steps: [...base.steps, ...filterSteps(chain, host)],
    virtualHost: misdirected === undefined ? virtualHost?.domain : undefined,
    route: 'part' in answered ? answered.part : undefined,
    answer: answered.answer,
    others,
    othersOmitted: omitted,
    delivery,
    summary: 'part' in answered ? routeSummary(answered.part, answered.answer) : localSummary(answered.answer),
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
    match: matchLabel(route.match),
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

function listenerPart(listener: Listener, chain: FilterChain | undefined, { world, request }: { readonly world: World; readonly request: ExplainedRequest }): ListenerPart {
  const { proxy, address, port, boundPort } = listener;
  const named = world.gatewayListeners(proxy).filter((each) => each.port === port);
  const byHost = new Map(named.map(({ hostname, name }) => [hostname, name]));
  const best = bestMatch(byHost, hostOf(request.authority));
  // A chain with TLS is a listener's own; without TLS the listeners of a port share one, and the host tells them apart.
  const name = chain?.tls !== undefined ? chain.name : ((best === undefined ? undefined : byHost.get(best)) ?? named[0]?.name ?? '');
  return { gateway: proxy, name, address, port, boundPort, serverNames: chain?.tls && chain.serverNames, certificates: (chain && terminationOf(chain)?.certificates) ?? [] };
}

function localSummary(answer: Answer): string {
  return answer.type === 'local' ? `${answer.status}: ${answer.reason}.` : '';
}

function routeSummary({ owner, name }: RoutePart, answer: Answer): string {
  const index = ruleIndex(name);
  const who = `${owner.replace('/', ' ')}${index === undefined ? '' : `, rule ${index}`}`;
  switch (answer.type) {
    case 'none':
      return `${who}: no answer.`;
    case 'local':
      return `${who} answers ${answer.status}: ${answer.reason}.`;
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
    return [`answers ${label(part) === '' ? '' : `${label(part)}with `}${part.failure.status}: ${part.failure.reason}${about}`];
  });
  return [...(passed.length === 0 ? [] : [`passes it on to ${passed.join(', ')}`]), ...failed].join('; ');
}
