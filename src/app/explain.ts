import { explain } from '../admin/explain.ts';
import type { Explanation } from '../admin/explain/explanation.ts';
import { BadRequestError, parseRequest } from '../admin/explain/request.ts';
import type { Delivery, UnservedRoute, World } from '../admin/explain/world.ts';
import { findings, type AnyStatus } from '../admin/findings.ts';
import { jsonAnswer, type AdminAnswer } from '../admin/http-server.ts';
import type { ResourceOf } from '../api/kinds.ts';
import { keyOf } from '../api/resource.ts';
import type { ControlPlane } from './control-plane.ts';
import type { Standalone } from './standalone.ts';

/** What is served according to a control plane, for explanations. */
export function worldOf({ outputs, resources, portBindings, xds }: ControlPlane, delivery?: World['delivery']): World {
  return {
    listeners: () => outputs.listeners.values(),
    *ports() {
      for (const [key, { proxy, port }] of outputs.wantedPorts.entries()) {
        const binding = portBindings.get(key);
        yield { proxy, port, ...(binding !== undefined && 'error' in binding && { error: binding.error }) };
      }
    },
    routeTable: (key) => outputs.routeTables.get(key),
    streamRoute: (key) => outputs.streamRoutes.get(key),
    virtualHost: (table, domain) => outputs.virtualHosts.get(`${table}|${domain}`),
    *domains(table) {
      for (const host of outputs.virtualHosts.values()) if (host.table === table && host.routes.length > 0) yield host.domain;
    },
    isSharded: (table) => {
      const proxy = outputs.routeTables.get(table)?.proxy;
      return proxy !== undefined && xds.get(`${proxy}|RDS|${table}`) === undefined;
    },
    backend: (key) => outputs.backends.get(key),
    endpoints: (key) => outputs.endpointSets.get(key),
    gatewayListeners: (proxy) =>
      gatewaysOf({ outputs, resources }, proxy).flatMap(({ object }) => object.spec.listeners).map(({ name, port, hostname = '*' }) => ({ name, port, hostname: hostname.toLowerCase() })),
    backendWeights: (owner, rule) => backendWeights({ outputs, resources }, owner, rule),
    unserved: (proxy) => unservedRoutes({ outputs, resources }, proxy),
    ...(delivery !== undefined && { delivery }),
  };
}

/** The Gateway of a proxy, or all of the class whose Gateways share it. */
function gatewaysOf({ outputs, resources }: Pick<ControlPlane, 'outputs' | 'resources'>, proxy: string): ResourceOf<'Gateway'>[] {
  const fleet = outputs.infrastructure.get(proxy);
  if (fleet === undefined) return [];
  if (fleet.gateway === undefined) return [...resources.Gateway.values()].filter(({ object }) => object.spec.gatewayClassName === fleet.gatewayClass.name);
  const gateway = resources.Gateway.get(proxy);
  return gateway === undefined ? [] : [gateway];
}

/** Nothing where a condition finds fault with the rule, or with the route as a whole: that is the reason then. */
function backendWeights({ outputs, resources }: Pick<ControlPlane, 'outputs' | 'resources'>, owner: string, index: number): readonly number[] | undefined {
  const rule = resources.HTTPRoute.get(owner.slice('HTTPRoute/'.length))?.object.spec.rules?.[index];
  if (rule === undefined) return undefined;
  const status = outputs.statuses.flatMap((collection) => [...collection.values()]).find(({ ref }) => ref === owner)?.status;
  const faults = findings(status).filter(({ severity }) => severity === 'error');
  if (faults.some(({ message }) => message.includes(`rules[${index}]`) || !message.includes('rules['))) return undefined;
  const weights = (rule.backendRefs ?? []).map(({ weight }) => weight);
  return weights.some((weight) => weight > 0) ? undefined : weights;
}

/** HTTPRoutes that name a Gateway which does not accept them. */
function* unservedRoutes({ outputs, resources }: Pick<ControlPlane, 'outputs' | 'resources'>, proxy: string): Iterable<UnservedRoute> {
  for (const { kind, key, ref, status } of outputs.statuses.flatMap((collection) => [...collection.values()])) {
    const route = kind === 'HTTPRoute' ? resources.HTTPRoute.get(key) : undefined;
    if (route === undefined) continue;
    const parents = ((status as AnyStatus).parents ?? []).filter(({ parentRef: { name, namespace = route.metadata.namespace } }) => keyOf(namespace, name) === proxy);
    const reason = findings({ parents }).find(({ type }) => type === 'Accepted');
    if (reason === undefined) continue;
    const hostnames = route.object.spec.hostnames ?? ['*'];
    yield { owner: ref, hostnames: hostnames.map((hostname) => hostname.toLowerCase()), reason: `not accepted (${reason.reason}): ${reason.message}` };
  }
}

/** A standalone gateway, with what Envoy has acknowledged of it. */
export function standaloneWorld({ plane, ads }: Pick<Standalone, 'plane' | 'ads'>): World {
  return worldOf(plane, (proxy, type, name): Delivery => {
    const states = ads.ackState(proxy, type, name);
    if (states.length === 0) return { state: 'not connected' };
    const nacked = states.find(({ state }) => state === 'nacked');
    if (nacked !== undefined) return { state: 'refused', ...(nacked.message !== undefined && { message: nacked.message }) };
    return { state: states.every(({ state }) => state === 'acked') ? 'acked' : 'pending' };
  });
}

/** A request as a user gives it. */
export interface ExplainInput {
  readonly method: string;
  readonly url: string;
  /** `name: value`. */
  readonly headers: readonly string[];
  /** `namespace/name`, where several want the port. */
  readonly gateway?: string;
}

/** Explains a request. Throws a BadRequestError when it makes no sense. */
export function explainInput({ method, url, headers, gateway }: ExplainInput, world: World): Explanation {
  return explain(parseRequest(method, url, headers), world, gateway === undefined ? {} : { gateway });
}

/** Answers `/api/v1/explain`. */
export function explainRequest(standalone: Standalone, query: URLSearchParams): AdminAnswer {
  const gateway = query.get('gateway');
  const input = { method: query.get('method') ?? 'GET', url: query.get('url') ?? '', headers: query.getAll('header'), ...(gateway !== null && { gateway }) };
  try {
    return jsonAnswer(explainInput(input, standaloneWorld(standalone)));
  } catch (error) {
    if (error instanceof BadRequestError) return jsonAnswer({ error: error.message }, 400);
    throw error;
  }
}
