import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { ExtensionWithMatcherSchema } from '../../gen/envoy/extensions/common/matching/v3/extension_matcher_pb.ts';
import { SkipFilterSchema } from '../../gen/envoy/extensions/filters/common/matcher/action/v3/skip_action_pb.ts';
import type { Matcher_MatcherList_FieldMatcherSchema } from '../../gen/xds/type/matcher/v3/matcher_pb.ts';
import { requestFiltersOf, tracingOf, type Listener } from '../../ir/listener.ts';
import type { ListenerHosts, RequestFilter } from '../../ir/request-filter.ts';
import { byText } from '../../util/compare.ts';
import { any } from './bytes.ts';
import { clusterName } from './cluster.ts';
import { externalAuthFilter, listenerExternalAuth } from './external-auth.ts';
import { headerMatches, type Predicate } from './header-predicate.ts';
import { escapeRegex } from './path-edit.ts';

/** Names of the clusters that request filters ask, and that are told of requests: they have to be there before the listener is. Sorted, each once. */
export function clustersOfListener({ chains }: Pick<Listener, 'chains'>): string[] {
  const asked = chains.flatMap(requestFiltersOf).flatMap(({ externalAuth }) => externalAuth?.backend ?? []);
  const backends = [...asked, ...chains.flatMap((chain) => tracingOf(chain)?.backend ?? [])];
  return [...new Set(backends.map(clusterName))].sort(byText);
}

/** The largest beginning of a body that a request filter wants to see, in bytes. */
export function bodyLimitOfListener({ chains }: Pick<Listener, 'chains'>): number {
  return Math.max(0, ...chains.flatMap(requestFiltersOf).map(({ externalAuth }) => externalAuth?.bodyLimit ?? 0));
}

/**
 * The HTTP filter for a request filter. Where listeners share a chain it is skipped for the hosts of the others, which Envoy
 * tells by a look at the request, since a route that would tell it may not be found before the filter has run.
 */
export function requestFilter({ name, hosts, externalAuth }: RequestFilter): { readonly name: string; readonly config: Any } {
  const config = listenerExternalAuth(externalAuth);
  const matchers = hosts === undefined ? [] : skips(hosts);
  return {
    name: `moongate.listener.${name}`,
    config: matchers.length === 0 ? config : any(ExtensionWithMatcherSchema, {
      xdsMatcher: { matcherType: { case: 'matcherList', value: { matchers } } },
      extensionConfig: { name: externalAuthFilter, typedConfig: config },
    }),
  };
}

type FieldMatcher = MessageInitShape<typeof Matcher_MatcherList_FieldMatcherSchema>;

/**
 * What looks like a host of the listener counts as one, and only what surely is a host of another is let off: no way of
 * writing a host, which Envoy may read in a way of its own, leads past a filter.
 */
function skips({ hostname, except }: ListenerHosts): FieldMatcher[] {
  const strange: Predicate[] = hostname === '*' ? [] : [{ matchType: { case: 'notMatcher', value: hostMatches(`${hostRegex(hostname, '.+')}(:.*)?`) } }];
  const others = except.map((other) => hostMatches(`${hostRegex(other, '[^:]+')}(:[0-9]{1,5})?`));
  return [...strange, ...others].map((predicate) => ({ predicate, onMatch: { onMatch: { case: 'action', value: { name: 'skip', typedConfig: any(SkipFilterSchema, {}) } } } }));
}

/** `*` stands for one label or more, whatever is in them: `labels`. */
function hostRegex(hostname: string, labels: string): string {
  return `(?i)${hostname.startsWith('*') ? labels : ''}${escapeRegex(hostname.replace('*', ''))}`;
}

function hostMatches(regex: string): Predicate {
  return headerMatches(':authority', regex);
}
