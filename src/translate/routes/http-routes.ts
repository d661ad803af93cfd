import { httpRule, type TranslatedRule } from './http-rules.ts';
import { resolveBackend, type BackendCatalog } from '../backends/resolve.ts';
import { bugFault, joinFaults, type Fault } from '../conditions.ts';
import type { Inputs } from '../inputs.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import { refOf } from '../../api/resource.ts';
import type { Collection, Read } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';
import { byText } from '../../util/compare.ts';

/** A route's rules, whatever Gateways it attaches to. Key: `namespace/name`. */
export interface TranslatedRoute {
  readonly key: string;
  readonly createdAt: string;
  /** Lower case; `['*']` when none are given. */
  readonly hostnames: readonly string[];
  /** Rules that have at least one match left. */
  readonly rules: readonly { readonly index: number; readonly translated: TranslatedRule }[];
  /** Accepted=False: nothing of the route does what it says. */
  readonly acceptedFault: Fault | undefined;
  /** PartiallyInvalid=True: some of it does not. */
  readonly partialFault: Fault | undefined;
  /** ResolvedRefs=False. */
  readonly refsFault: Fault | undefined;
  /** Keys of all backends that its rules name, unique. */
  readonly backends: readonly string[];
}

/** All HTTPRoutes, translated without regard to where they attach. */
export function httpRoutes(graph: Graph, inputs: Inputs, catalog: BackendCatalog): Collection<TranslatedRoute> {
  return graph.derive('http-routes', inputs.resources.HTTPRoute, (route, read) => httpRoute(route, read, { inputs, catalog }), { recover });
}

function httpRoute(
  route: ResourceOf<'HTTPRoute'>,
  read: Read,
  { inputs, catalog }: { readonly inputs: Inputs; readonly catalog: BackendCatalog },
): TranslatedRoute {
  const { metadata, object, key, version } = route;
  const from = { kind: 'HTTPRoute', namespace: metadata.namespace };
  const rejection = read.get(inputs.rejections, refOf(route));
  const rejected = rejection?.version === version ? rejection.message : undefined;
  const rules = object.spec.rules.map((spec, index) => ({
    index,
    translated: httpRule(spec, {
      owner: refOf(route),
      version,
      field: `rules[${index}]`,
      rejected: rejected !== undefined,
      resolve: (ref, traffic) => resolveBackend(read, from, ref, catalog, traffic),
    }),
  }));
  const hostnames = (object.spec.hostnames ?? []).map((hostname) => hostname.toLowerCase());
  return {
    key,
    createdAt: metadata.creationTimestamp,
    hostnames: hostnames.length === 0 ? ['*'] : [...new Set(hostnames)],
    rules: rules.filter(({ translated }) => translated.matches.length > 0),
    ...verdict(rules.map(({ translated }) => translated), rejected),
    refsFault: joinFaults(rules.flatMap(({ translated }) => translated.refFaults)),
    backends: [...new Set(rules.flatMap(({ translated }) => backendsOf(translated)))].sort(byText),
  };
}

function recover({ key, metadata }: ResourceOf<'HTTPRoute'>, error: unknown): TranslatedRoute {
  return {
    key,
    createdAt: metadata.creationTimestamp,
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
function verdict(
  rules: readonly TranslatedRule[],
  rejected: string | undefined,
): Pick<TranslatedRoute, 'acceptedFault' | 'partialFault'> {
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
  return [...asked, ...rule.action.backends.flatMap(({ backend }) => backend ?? [])];
}
