import { byText } from '../../util/compare.ts';
import type { XdsType } from './types.ts';

/** A user object that contributed to a resource, at one version of its content. */
export interface Part {
  /** Kind, namespace and name: `HTTPRoute/default/web`. */
  readonly owner: string;
  readonly version: string;
}

/** One xDS resource, encoded. Immutable. */
export interface XdsResource {
  readonly name: string;
  /** The encoded message itself, not an Any. */
  readonly bytes: Uint8Array;
  /** Hash of the content: equal versions mean equal bytes. */
  readonly version: string;
  /** Of routes: the clusters that have to be live at the client before this resource may be sent. */
  readonly needs?: readonly string[];
  /** Of clusters: the secrets without which Envoy goes on warming the cluster. */
  readonly secrets?: readonly string[];
  /**
   * Who contributed what, oldest first. Asked only when Envoy rejects the resource, possibly much later,
   * so it must not read anything that changes.
   */
  readonly parts?: () => Iterable<Part>;
  /** Set when what a client gets depends on where it is: then this resource stands for all of these, and its version for all of theirs. */
  readonly placed?: { readonly at: ReadonlyMap<string, XdsResource>; readonly elsewhere: XdsResource };
}

/** What a client gets that is at these places, the narrowest first. */
export function resourceAt(resource: XdsResource, places: () => readonly string[]): XdsResource {
  const { placed } = resource;
  if (placed === undefined) return resource;
  for (const place of places()) {
    const here = placed.at.get(place);
    if (here !== undefined) return here;
  }
  return placed.elsewhere;
}

/** What one commit touched at one proxy, by kind. A name whose content came out the same may be among them. */
export type Changes = ReadonlyMap<XdsType, ReadonlySet<string>>;

type Staged = Map<XdsType, Map<string, XdsResource | undefined>>;

/**
 * All resources of all proxies, by proxy, kind and name. A proxy is the `node.cluster` of its Envoys.
 *
 *     set, delete ──► staged ──commit()──► live ──► each session of the proxy hears of the change once
 *
 * Readers see the live content only, so nobody sees half of a change.
 *
 * Clusters of EDS type have their ClusterLoadAssignment under the cluster's own name, and one without endpoints has an
 * empty assignment: Envoy ignores that an assignment is removed.
 */
export class ResourceStore {
  readonly #live = new Map<string, Map<XdsType, Map<string, XdsResource>>>();
  readonly #staged = new Map<string, Staged>();
  readonly #listeners = new Map<string, Set<(changes: Changes) => void>>();

  /** Puts a resource into the next commit. Setting the version that is there already does nothing. */
  set(proxy: string, type: XdsType, resource: XdsResource): void {
    this.#stage(proxy, type, resource.name, resource);
  }

  /** Takes a resource out with the next commit. */
  delete(proxy: string, type: XdsType, name: string): void {
    this.#stage(proxy, type, name, undefined);
  }

  #stage(proxy: string, type: XdsType, name: string, resource: XdsResource | undefined): void {
    const same = this.get(proxy, type, name)?.version === resource?.version;
    const names = this.#staged.get(proxy)?.get(type);
    if (same) {
      names?.delete(name);
      return;
    }
    if (names !== undefined) {
      names.set(name, resource);
      return;
    }
    let types = this.#staged.get(proxy);
    if (types === undefined) this.#staged.set(proxy, (types = new Map()));
    types.set(type, new Map([[name, resource]]));
  }

  /** Makes what was staged live, at once, and tells the sessions of the proxies that it touched. */
  commit(): void {
    const told: [string, Changes][] = [];
    for (const [proxy, types] of this.#staged) {
      const changes = new Map<XdsType, ReadonlySet<string>>();
      for (const [type, names] of types) {
        if (names.size === 0) continue;
        this.#apply(proxy, type, names);
        changes.set(type, new Set(names.keys()));
      }
      if (changes.size > 0) told.push([proxy, changes]);
    }
    this.#staged.clear();
    for (const [proxy, changes] of told) {
      for (const listener of this.#listeners.get(proxy) ?? []) listener(changes);
    }
  }

  #apply(proxy: string, type: XdsType, names: Map<string, XdsResource | undefined>): void {
    let types = this.#live.get(proxy);
    if (types === undefined) this.#live.set(proxy, (types = new Map()));
    let live = types.get(type);
    if (live === undefined) types.set(type, (live = new Map()));
    for (const [name, resource] of names) {
      if (resource === undefined) live.delete(name);
      else live.set(name, resource);
    }
    if (live.size === 0) types.delete(type);
    if (types.size === 0) this.#live.delete(proxy);
  }

  /** The live resource of that name. */
  get(proxy: string, type: XdsType, name: string): XdsResource | undefined {
    return this.#live.get(proxy)?.get(type)?.get(name);
  }

  /** Whether the proxy has any resources. */
  has(proxy: string): boolean {
    return this.#live.has(proxy);
  }

  /** The names of one kind, in no particular order; cheap. */
  names(proxy: string, type: XdsType): Iterable<string> {
    return this.#live.get(proxy)?.get(type)?.keys() ?? [];
  }

  /** The live resources of one kind, sorted by name. */
  list(proxy: string, type: XdsType): readonly XdsResource[] {
    return [...(this.#live.get(proxy)?.get(type)?.values() ?? [])].sort((a, b) => byText(a.name, b.name));
  }

  /** The proxies that have resources, sorted. */
  proxies(): readonly string[] {
    return [...this.#live.keys()].sort(byText);
  }

  /** Calls `listener` after every commit that touched the proxy; returns the way out. */
  subscribe(proxy: string, listener: (changes: Changes) => void): () => void {
    let listeners = this.#listeners.get(proxy);
    if (listeners === undefined) this.#listeners.set(proxy, (listeners = new Set()));
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(proxy) === listeners) this.#listeners.delete(proxy);
    };
  }
}
