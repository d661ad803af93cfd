import { externalAuthLabel } from './external-auth.ts';
import { requestFiltersOf, type FilterChain } from '../../ir/listener.ts';
import type { RequestFilter } from '../../ir/request-filter.ts';
import { covers } from '../../translate/hostname.ts';

/** What a request has to pass before Envoy looks for a route. */
export function filterSteps(chain: FilterChain, host: string): string[] {
  return requestFiltersOf(chain).filter((filter) => isFor(filter, host)).map(({ name, externalAuth }) => {
    const what = externalAuth === undefined ? 'has nobody to ask: Envoy answers 500' : externalAuthLabel(externalAuth);
    return `filter ${name} ${what}`;
  });
}

function isFor({ hosts }: RequestFilter, host: string): boolean {
  return hosts === undefined || (covers(hosts.hostname, host) && !hosts.except.some((other) => covers(other, host)));
}
