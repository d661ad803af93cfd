import { requestFiltersOf, type FilterChain } from '../../ir/listener.ts';
import type { RequestFilter } from '../../ir/request-filter.ts';
import { covers } from '../../translate/hostname.ts';
import { externalAuthLabel } from './external-auth.ts';

/** What a request has to pass before Envoy looks for a route. The first filter that has nobody to ask is the end of it: Envoy answers 500. */
export function passFilters(chain: FilterChain, host: string): { readonly steps: readonly string[]; readonly failure: string | undefined } {
  const filters = requestFiltersOf(chain).filter((filter) => isFor(filter, host));
  const end = filters.findIndex(({ externalAuth }) => externalAuth === undefined);
  const steps = filters.slice(0, end === -1 ? undefined : end).flatMap(({ name, externalAuth }) => (externalAuth === undefined ? [] : [`filter ${name} ${externalAuthLabel(externalAuth)}`]));
  return { steps, failure: end === -1 ? undefined : `filter ${filters[end]?.name} of the listener has nobody to ask: see the conditions of the listener` };
}

function isFor({ hosts }: RequestFilter, host: string): boolean {
  return hosts === undefined || (covers(hosts.hostname, host) && !hosts.except.some((other) => covers(other, host)));
}
