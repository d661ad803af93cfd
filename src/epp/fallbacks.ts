import type { Endpoint } from './endpoints/endpoint.ts';
import type { ProfileResult } from './scheduling/plugin.ts';

/** Servers that a request may be sent to one after the other, the picked one included. */
export const maxDestinations = 3;

/**
 * Where a request goes, in order: what the picker has picked, then the best of the others by their totals. A picker that names one server
 * leaves nothing to fall back to when that cannot be reached, but for a server that the proxy draws at random.
 */
export function destinations({ endpoints, candidates, totals }: Pick<ProfileResult, 'endpoints' | 'candidates' | 'totals'>): readonly Endpoint[] {
  if (endpoints.length >= maxDestinations || candidates.length <= endpoints.length) return endpoints;
  const found = [...endpoints];
  while (found.length < Math.min(maxDestinations, candidates.length)) {
    let best = -1;
    for (let i = 0; i < candidates.length; i++) {
      if (found.includes(candidates[i] as Endpoint)) continue;
      if (best === -1 || (totals[i] as number) > (totals[best] as number)) best = i;
    }
    if (best === -1) break;
    found.push(candidates[best] as Endpoint);
  }
  return found;
}
