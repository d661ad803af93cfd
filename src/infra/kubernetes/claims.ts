import type { KubeObject } from '../../kube/object.ts';
import { byText } from '../../util/compare.ts';
import { objectKey } from './managed-kinds.ts';
import type { RenderedProxy } from './render.ts';

/** What is to be done for a proxy, and by whom each object is claimed. */
export interface Claims {
  /** By proxy: its objects that no other proxy has. */
  readonly objects: ReadonlyMap<string, readonly KubeObject[]>;
  /** By proxy: why it does not have all that it needs. */
  readonly faults: ReadonlyMap<string, readonly string[]>;
  /** By object key: the proxy. */
  readonly owners: ReadonlyMap<string, string>;
}

/**
 * Settles who gets an object that two proxies claim: an EnvoyProxy of a class may give all its Gateways' Services one name. The first one
 * gets it (by id: that is the same in each run and replica), the other ones a fault.
 */
export function settleClaims(rendered: ReadonlyMap<string, RenderedProxy>): Claims {
  const objects = new Map<string, readonly KubeObject[]>();
  const faults = new Map<string, readonly string[]>();
  const owners = new Map<string, string>();
  for (const id of [...rendered.keys()].sort(byText)) {
    const { objects: wanted = [], faults: own = [] } = rendered.get(id) ?? {};
    const found = [...own];
    const mine: KubeObject[] = [];
    for (const object of wanted) {
      const key = objectKey(object);
      const owner = owners.get(key) ?? id;
      if (owner === id) {
        owners.set(key, id);
        mine.push(object);
      } else if (object.kind === 'ServiceAccount') {
        // A ServiceAccount is as good for two.
        continue;
      } else {
        found.push(`${key} is that of the proxy ${owner} already`);
      }
    }
    objects.set(id, mine);
    if (found.length > 0) faults.set(id, found);
  }
  return { objects, faults, owners };
}
