import { grpcRule } from './grpc-rule.ts';
import { httpRule } from './http-rule.ts';
import type { RuleContext, TranslatedRule } from './rules.ts';
import { routeIdentity, type RouteParents } from './route-identity.ts';
import type { L7Route, RouteVerdict } from './translated-route.ts';
import { parseBackendKey } from '../backends/backend-key.ts';
import { resolveBackend, type BackendCatalog, type Traffic } from '../backends/resolve.ts';
import { bugFault, joinFaults } from '../conditions.ts';
import type { Inputs } from '../inputs.ts';
import { trafficPolicyFor, type TrafficPolicies } from '../traffic/traffic-policy.ts';
import { refOf, type Resource } from '../../api/resource.ts';
import type { Collection, Read } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';
import { byText } from '../../util/compare.ts';

/** An object of either kind, with its kind's rules. */
type L7Resource<Rule> = Resource<
  'HTTPRoute' | 'GRPCRoute',
  { readonly spec: RouteParents & { readonly hostnames?: readonly string[]; readonly rules?: readonly Rule[] } }
>;

/** gRPC is HTTP/2, whether or not a backend says so. */
const traffic: Readonly<Record<'HTTPRoute' | 'GRPCRoute', Traffic>> = { HTTPRoute: {}, GRPCRoute: { http2: true } };

interface Sources {
  readonly inputs: Inputs;
  readonly catalog: BackendCatalog;
  readonly policies: TrafficPolicies;
}

/** All HTTPRoutes and GRPCRoutes, translated without regard to where they attach. Key: their reference. */
export function l7Routes(graph: Graph, inputs: Inputs, catalog: BackendCatalog, policies: TrafficPolicies): Collection<L7Route> {
  const from = { inputs, catalog, policies };
  const { HTTPRoute, GRPCRoute } = inputs.resources;
  return graph.union('l7-routes', {
    HTTPRoute: graph.derive('http-routes', HTTPRoute, (route, read) => l7Route(route, httpRule, { ...from, read }), { recover }),
    GRPCRoute: graph.derive('grpc-routes', GRPCRoute, (route, read) => l7Route(route, grpcRule, { ...from, read }), { recover }),
  });
}

function l7Route<Rule>(
  route: L7Resource<Rule>,
  translate: (rule: Rule, context: RuleContext) => TranslatedRule,
  { inputs, catalog, policies, read }: Sources & { readonly read: Read },
): L7Route {
  const { kind, metadata, object, version } = route;
  const from = { kind, namespace: metadata.namespace };
  const rejection = read.get(inputs.rejections, refOf(route));
  const rejected = rejection?.version === version ? rejection.message : undefined;
  const rules = (object.spec.rules ?? []).map((spec, index) => ({
    index,
    translated: translate(spec, {
      owner: refOf(route),
      version,
      field: `rules[${index}]`,
      rejected: rejected !== undefined,
      policySession: (backend) => {
        const parsed = parseBackendKey(backend);
        const own = parsed.type === 'xbackend' ? read.get(catalog.xBackends, parsed.object)?.resource : undefined;
        const spec = own?.object.spec.sessionPersistence;
        if (own !== undefined) return spec && { spec, owner: refOf(own) };
        const { session, ref: owner } = trafficPolicyFor(read, policies, backend) ?? {};
        return session && owner && { spec: session, owner };
      },
      resolve: (ref, own) => resolveBackend(read, from, ref, catalog, { ...traffic[kind], ...own }),
    }),
  }));
  const hostnames = (object.spec.hostnames ?? []).map((hostname) => hostname.toLowerCase());
  return {
    ...routeIdentity(route),
    hostnames: hostnames.length === 0 ? ['*'] : [...new Set(hostnames)],
    rules: rules.filter(({ translated }) => translated.matches.length > 0),
    ...verdict(rules.map(({ translated }) => translated), rejected),
    refsFault: joinFaults(rules.flatMap(({ translated }) => translated.refFaults)),
    backends: [...new Set(rules.flatMap(({ translated }) => backendsOf(translated)))].sort(byText),
  };
}

function recover(route: L7Resource<unknown>, error: unknown): L7Route {
  return {
    ...routeIdentity(route),
    hostnames: ['*'],
    rules: [],
    acceptedFault: bugFault(error),
    partialFault: undefined,
    refsFault: undefined,
    backends: [],
  };
}

/**
 * "A Route MUST be considered Accepted if at least one of the Route's rules is implemented"; what is wrong with the rest
 * is then said by PartiallyInvalid. A rule that cannot be matched is dropped ("Dropped Rule", as the specification words
 * it). A rule whose filters cannot be applied keeps its place and answers 500: its requests must not fall to a rule that
 * knows nothing of, say, the authentication that the filter was to bring.
 */
function verdict(rules: readonly TranslatedRule[], rejected: string | undefined): Pick<RouteVerdict, 'acceptedFault' | 'partialFault'> {
  if (rejected !== undefined) {
    const message = `Envoy refused the route, its requests are answered with 500: ${rejected}`;
    return { acceptedFault: { reason: 'UnsupportedValue', message }, partialFault: undefined };
  }
  const fault = joinFaults(rules.flatMap((rule) => rule.faults));
  if (fault === undefined) return { acceptedFault: undefined, partialFault: undefined };
  if (!rules.some((rule) => rule.works)) return { acceptedFault: fault, partialFault: undefined };
  return { acceptedFault: undefined, partialFault: { reason: fault.reason, message: `Dropped Rule: ${fault.message}` } };
}

function backendsOf({ rule }: TranslatedRule): string[] {
  const asked = [...rule.mirrors, ...(rule.externalAuth === undefined ? [] : [rule.externalAuth])].map(({ backend }) => backend);
  if (rule.action.type !== 'forward') return asked;
  return [...asked, ...rule.action.backends.flatMap(({ backend, picker }) => [backend ?? [], picker?.service?.backend ?? []].flat())];
}
