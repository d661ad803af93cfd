import type { ProxyResource } from './xds-pipeline.ts';
import type { Changes } from '../reactive/collection.ts';
import type { ResourceStore } from '../xds/server/resources.ts';

/** Stages what a settle changed; the caller commits. */
export function feedStore(store: ResourceStore, changes: Changes<ProxyResource>): void {
  for (const { before, after } of changes.values()) {
    if (after !== undefined) store.set(after.proxy, after.type, after.resource);
    else if (before !== undefined) store.delete(before.proxy, before.type, before.resource.name);
  }
}
