import type { EnvoyResourceState } from '../xds/server/ads-server.ts';
import type { ResourceStore } from '../xds/server/resources.ts';
import { PUSH_ORDER, type XdsType } from '../xds/server/types.ts';
import type { Progress } from './report.ts';

/** How far the resources of a proxy have come at the Envoys that are connected. */
export interface ProxyProgress extends Progress {
  readonly connected: number;
  /** Resources that are not where they should be, the first few, as `RDS default/web/80: pending`. */
  readonly open: readonly string[];
}

/** Resources that are named at most. */
const maxNamed = 5;

/** Where to read it. */
export interface ProgressSources {
  readonly store: Pick<ResourceStore, 'names'>;
  ackState(proxy: string, type: XdsType, name: string): readonly Pick<EnvoyResourceState, 'state' | 'message'>[];
  /** How many Envoys of the proxy are connected. */
  connected(proxy: string): number;
  /** Whether Envoy has a reason to ask for a resource: routes behind a port that is not bound are never asked for. */
  isWanted(type: XdsType, name: string): boolean;
}

/** Looks at every resource of a proxy; the Envoy that is furthest behind counts. */
export function proxyProgress(proxy: string, sources: ProgressSources): ProxyProgress {
  const count = { total: 0, acked: 0, pending: 0, nacked: 0 };
  const open: string[] = [];
  for (const type of PUSH_ORDER) {
    for (const name of sources.store.names(proxy, type)) {
      if (!sources.isWanted(type, name)) continue;
      const states = sources.ackState(proxy, type, name);
      const nacked = states.find(({ state }) => state === 'nacked');
      const state = nacked !== undefined ? 'nacked' : states.length > 0 && states.every((each) => each.state === 'acked') ? 'acked' : 'pending';
      count.total++;
      count[state]++;
      if (state !== 'acked' && open.length < maxNamed) open.push(`${type} ${name}: ${nacked === undefined ? state : `refused: ${nacked.message}`}`);
    }
  }
  return { ...count, connected: sources.connected(proxy), open };
}
