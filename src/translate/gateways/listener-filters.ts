import type { ListenerState } from './state.ts';
import { at, joinFaults, type Fault } from '../conditions.ts';
import { covers } from '../hostname.ts';
import { externalAuthOf } from '../routes/external-auth.ts';
import type { Resolve } from '../backends/resolve.ts';
import type { GatewayListener } from '../../api/types.ts';
import type { RequestFilter } from '../../ir/request-filter.ts';
import { byText } from '../../util/compare.ts';

/** What becomes of a listener's `filters` (GEP-5224). */
export interface FilterVerdict {
  /** In the order of the list. */
  readonly filters: readonly Pick<RequestFilter, 'name' | 'externalAuth'>[];
  /** ResolvedRefs=False. */
  readonly refsFaults: readonly Fault[];
  /** Accepted=False: "If a filter is unsupported by the implementation, the listener MUST be rejected". */
  readonly fault: Fault | undefined;
}

/** Translates the filters of a listener. One that leads nowhere stays, and answers all requests with 500: none is skipped. */
export function listenerFilters(key: string, { filters }: Pick<GatewayListener, 'filters'>, resolve: Resolve): FilterVerdict {
  const refsFaults: Fault[] = [];
  const unsupported: Fault[] = [];
  const translated = (filters?.requests ?? []).map(({ type, externalAuth, extensionRef }, i) => {
    const field = `filters.requests[${i}]`;
    const auth = externalAuth && externalAuthOf(externalAuth, resolve);
    if (auth !== undefined && 'fault' in auth) {
      const { reason, message } = auth.fault;
      refsFaults.push(at(`${field}.externalAuth.backendRef`, { reason: reason === 'RefNotPermitted' ? reason : 'InvalidListenerFilterRef', message }));
    }
    if (extensionRef !== undefined) {
      const message = `${extensionRef.kind} ${extensionRef.name} of ${extensionRef.group} is no filter that a listener can have`;
      refsFaults.push(at(`${field}.extensionRef`, { reason: 'InvalidListenerFilterRef', message }));
      unsupported.push(at(field, { reason: 'UnsupportedValue', message: `filters of type ${type} are not supported` }));
    }
    return { name: `${key}/${i}`, externalAuth: auth === undefined || 'fault' in auth ? undefined : auth };
  });
  return { filters: translated, refsFaults, fault: joinFaults(unsupported) };
}

/** The filters of listeners that share a chain: each is for the hosts that belong to its listener. */
export function sharedFilters(listeners: readonly Pick<ListenerState, 'hostname' | 'filters'>[]): RequestFilter[] {
  const hostnames = listeners.map(({ hostname }) => hostname);
  return listeners.filter(({ filters }) => filters.length > 0).flatMap(({ hostname, filters }) => {
    const except = hostnames.filter((other) => other !== hostname && covers(hostname, other)).sort(byText);
    const hosts = hostname === '*' && except.length === 0 ? undefined : { hostname, except };
    return filters.map((filter) => ({ ...filter, hosts }));
  });
}

/** The filters of a listener that has a chain to itself: all that arrives there passes them. */
export function ownFilters({ filters }: Pick<ListenerState, 'filters'>): RequestFilter[] {
  return filters.map((filter) => ({ ...filter, hosts: undefined }));
}
