import type { ClientState } from './client-state.ts';
import { PUSH_ORDER, ROUTING_TYPES, type XdsType } from './types.ts';

/** How long (ms) a cluster stays after the last route to it has gone, for requests that are routed already and for their retries. */
export const LINGER_MS = 5_000;
/** How long (ms) scopes stay: the filter chain that used them may have been replaced and still drain its connections, for 10 s. */
export const SCOPE_LINGER_MS = 30_000;
/** How often (ms) it is checked whether what left the store is still in use. */
export const LEAVING_LOOK_MS = 1_000;

/** A route that waited in vain. */
export interface OverdueRoute {
  readonly type: XdsType;
  readonly name: string;
  /** The clusters that did not come; nothing waits for them again until they do. */
  readonly missing: readonly string[];
}

/** Ends the waits that took too long: the routes may go as they are, and a stuck cluster holds up no later version either. */
export function giveUpWaiting(client: ClientState, now: number): readonly OverdueRoute[] {
  const overdue: OverdueRoute[] = [];
  for (const type of ROUTING_TYPES) {
    const sub = client.subscriptions[type];
    for (const [name, waiting] of sub.waiting) {
      if (now < client.deadline(waiting)) continue;
      const needs = client.wanted(type, name)?.needs ?? [];
      const late = (cluster: string): boolean => now >= client.deadline({ since: waiting.since, missing: cluster });
      const missing = needs.filter((cluster) => !client.givenUp.has(cluster) && !client.isLive(cluster) && late(cluster));
      for (const cluster of missing) client.givenUp.add(cluster);
      sub.waiting.delete(name);
      sub.touch(name);
      if (missing.length > 0) overdue.push({ type, name, missing });
    }
  }
  return overdue;
}

/** Whether what has been unused since then may be removed. */
export function hasLingered(type: XdsType, unusedSince: number | undefined, now: number): boolean {
  return unusedSince !== undefined && now >= unusedSince + (type === 'SRDS' ? SCOPE_LINGER_MS : LINGER_MS);
}

/** Sends the removal of what left the store and has been unused for long enough. To be called about every LEAVING_LOOK_MS. */
export function releaseUnused(client: ClientState, now: number): void {
  const leaving = client.subscriptions.CDS.leaving;
  const usedClusters = leaving.size === 0 ? new Set<string>() : client.usedClusters(new Set(leaving.keys()));
  for (const type of PUSH_ORDER) {
    const sub = client.subscriptions[type];
    for (const [name, unusedSince] of sub.leaving) {
      if (client.inUse(type, name, usedClusters)) sub.leaving.set(name, undefined);
      else if (unusedSince === undefined) sub.leaving.set(name, now);
      else if (hasLingered(type, unusedSince, now)) sub.touch(name);
    }
  }
}
