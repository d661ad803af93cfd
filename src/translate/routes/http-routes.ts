import { httpRule, type TranslatedRule } from './http-rules.ts';
import { resolveBackend, type BackendCatalog } from '../backends/resolve.ts';
import { joinFaults, type Fault } from '../conditions.ts';
import type { Inputs } from '../inputs.ts';
import { refOf } from '../../api/resource.ts';
import type { Collection } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';

/** A route's rules, whatever Gateways it attaches to. Key: `namespace/name`. */
export interface TranslatedRoute {
  readonly key: string;
  readonly createdAt: string;
  /** Lower case; `['*']` when none are given. */
  readonly hostnames: readonly string[];
  /** Rules that have at least one match left. */
  readonly rules: readonly { readonly index: number; readonly translated: TranslatedRule }[];
  /** Accepted=False: nothing of the route can be served. */
  readonly acceptedFault: Fault | undefined;
  /** PartiallyInvalid=True: some of it can. */
  readonly partialFault: Fault | undefined;
  /** ResolvedRefs=False. */
  readonly refsFault: Fault | undefined;
  /** Keys of all backends that its rules and mirrors name, unique. */
  readonly backends: readonly string[];
}

/** All HTTPRoutes, translated without regard to where they attach. */
export function httpRoutes(graph: Graph, inputs: Inputs, catalog: BackendCatalog): Collection<TranslatedRoute> {
  return graph.derive('http-routes', inputs.resources.HTTPRoute, (route, read): TranslatedRoute => {
    const { metadata, object, key, version } = route;
    const from = { kind: 'HTTPRoute', namespace: metadata.namespace };
    const rejection = read.get(inputs.rejections, refOf(route));
    const rejected = rejection?.version === version ? rejection.message : undefined;
    const rules = (object.spec.rules ?? []).map((spec, index) => ({
      index,
      translated: httpRule(spec, {
        owner: refOf(route),
        version,
        rejection: rejected,
        resolve: (ref) => resolveBackend(read, from, ref, catalog),
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
      backends: [...new Set(rules.flatMap(({ translated }) => backendsOf(translated)))].sort(),
    };
  });
}

/**
 * A route with a rule that works is accepted, and PartiallyInvalid says what does not. Rules that cannot be matched are
 * dropped ("Dropped Rule", as the specification words it); rules whose filters cannot be applied answer 500.
 */
function verdict(
  rules: readonly TranslatedRule[],
  rejected: string | undefined,
): Pick<TranslatedRoute, 'acceptedFault' | 'partialFault'> {
  if (rejected !== undefined) {
    return { acceptedFault: { reason: 'UnsupportedValue', message: `Envoy refused the configuration: ${rejected}` }, partialFault: undefined };
  }
  const fault = joinFaults(rules.flatMap((rule) => rule.faults));
  if (fault === undefined) return { acceptedFault: undefined, partialFault: undefined };
  if (rules.every((rule) => rule.faults.length > 0)) return { acceptedFault: fault, partialFault: undefined };
  return { acceptedFault: undefined, partialFault: { reason: fault.reason, message: `Dropped Rule: ${fault.message}` } };
}

function backendsOf({ rule }: TranslatedRule): string[] {
  const mirrors = rule.mirrors.map((mirror) => mirror.backend);
  if (rule.action.type !== 'forward') return mirrors;
  return [...mirrors, ...rule.action.backends.flatMap(({ backend }) => backend ?? [])];
}
