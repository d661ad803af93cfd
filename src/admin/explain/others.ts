import type { Route, VirtualHost } from '../../ir/route.ts';
import { covers, wider } from '../../translate/hostname.ts';
import type { OtherRoute } from './explanation.ts';
import { matchLabel, misfits, whyLater } from './match.ts';
import type { World } from './world.ts';
import type { RoutedRequest } from './request.ts';

/** Routes that are listed at most. */
const maxOthers = 20;
/** Routes of one virtual host that are looked at beyond the one that answers. */
const maxLooked = 10_000;

interface Candidate extends OtherRoute {
  /** How far from fitting. */
  readonly distance: number;
}

/** The routes that do not answer, nearest first, and how many more there are. */
export function otherRoutes(
  request: RoutedRequest,
  from: { readonly world: World; readonly host: string; readonly virtualHost: VirtualHost | undefined; readonly table: string; readonly gateway: string; readonly chosen: Route | undefined },
): { readonly others: OtherRoute[]; readonly omitted: number } {
  const { virtualHost, chosen, world } = from;
  const same = (virtualHost?.routes ?? []).slice(0, maxLooked).filter((route) => route !== chosen).map((route) => ofSameHost(route, request, chosen));
  const names = new Set(virtualHost?.routes.map(({ name }) => name));
  const lessSpecific = wider(from.host).flatMap((domain) => {
    if (domain === virtualHost?.domain) return [];
    const routes = world.virtualHost(from.table, domain)?.routes ?? [];
    return routes.slice(0, maxLooked).filter(({ name }) => !names.has(name)).flatMap((route) => ofWiderHost(route, request, { domain, virtualHost }));
  });
  const unserved = [...world.unserved(from.gateway, ['HTTPRoute', 'GRPCRoute'])].filter(({ hostnames }) => hostnames.some((hostname) => covers(hostname, from.host))).map(({ owner, reason }): Candidate => {
    return { name: owner, match: '', fits: false, why: reason, distance: 0.5 };
  });
  const all = [...same, ...lessSpecific, ...unserved].toSorted((a, b) => a.distance - b.distance);
  return { others: all.slice(0, maxOthers).map(({ distance: _distance, ...other }) => other), omitted: Math.max(0, all.length - maxOthers) };
}

function ofSameHost(route: Route, request: RoutedRequest, chosen: Route | undefined): Candidate {
  const reasons = misfits(route, request);
  const common = { name: route.name, match: matchLabel(route), distance: reasons.length };
  if (reasons.length > 0 || chosen === undefined) return { ...common, fits: false, why: reasons.join(', ') };
  return { ...common, fits: true, why: `comes later: ${whyLater(route, chosen)}` };
}

/** Only routes that the request fits are worth a line: there may be very many. */
function ofWiderHost(route: Route, request: RoutedRequest, at: { readonly domain: string; readonly virtualHost: VirtualHost | undefined }): Candidate[] {
  if (misfits(route, request).length > 0) return [];
  const why = `host ${at.domain} is less specific than ${at.virtualHost?.domain ?? 'that of another listener'}, which has the request`;
  return [{ name: route.name, match: matchLabel(route), fits: true, why, distance: 0.25 }];
}
