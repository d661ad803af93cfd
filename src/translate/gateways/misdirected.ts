import type { ListenerState } from './state.ts';
import { mostSpecificFirst, wider } from '../hostname.ts';

type Claim = Pick<ListenerState, 'key' | 'hostname'>;

/**
 * Hosts of others that a table names one by one. The tables of n listeners with TLS would name n² hosts: from here on, a listener's
 * table answers 421 for all hosts but its own, those that nobody has (which should have 404) among them.
 */
const maxNamed = 500;

/** For the listeners of a port: the hosts that belong to others than those of one table, the most specific first. */
export function misdirections(claims: readonly Claim[]): (own: readonly Claim[]) => readonly string[] {
  const narrower = new Map<string, string[]>();
  for (const { hostname } of claims) {
    for (const wide of wider(hostname)) {
      const there = narrower.get(wide);
      if (there === undefined) narrower.set(wide, [hostname]);
      else there.push(hostname);
    }
  }
  return (own) => {
    const [first, ...more] = own;
    const below = narrower.get(first?.hostname ?? '') ?? [];
    if (more.length === 0 && claims.length - 1 - below.length > maxNamed) return [...below, '*'].sort(mostSpecificFirst);
    const keys = new Set(own.map(({ key }) => key));
    return claims.filter(({ key }) => !keys.has(key)).map(({ hostname }) => hostname).sort(mostSpecificFirst);
  };
}
