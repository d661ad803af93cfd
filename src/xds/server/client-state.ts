import { resourceAt, type ResourceStore, type XdsResource } from './resources.ts';
import { recordOf, ROUTING_TYPES, type XdsType } from './types.ts';
import type { Response } from './wire.ts';

/** How long (ms) a route waits for a cluster that it needs before it is sent without. Envoy's own patience with warming is 15 s. */
export const NEEDS_WAIT_MS = 15_000;
/** The same for a cluster that the client refused: time enough to withdraw the object that spoilt it. */
export const REFUSED_WAIT_MS = 1_000;

/** A version that the client has: acknowledged on this stream, or named by itself when it connected. */
export interface Held {
  readonly version: string;
  /** Undefined when the client brought a version that nobody here remembers. */
  readonly resource: XdsResource | undefined;
}

/** How far the store's version of a resource has come at one client; `unsent` when the client did not ask for it. */
export type AckState = 'acked' | 'pending' | 'nacked' | 'unsent';

/** The state of one resource at one client. */
export interface ResourceState {
  readonly state: AckState;
  /** The version that the client has. */
  readonly held: string | undefined;
  /** Why the client refused the store's version. */
  readonly message?: string;
}

/** A route that is not sent yet because a cluster which it needs is not live. */
export interface Waiting {
  /** When the wait began; a newer version of the route does not start it again. */
  readonly since: number;
  /** One of the clusters waited for. */
  readonly missing: string;
}

/** What one client wants, has and is being sent of one kind. */
export class Subscription {
  readonly type: XdsType;
  /** The first request has come. */
  started = false;
  wildcard = false;
  readonly names = new Set<string>();
  readonly held = new Map<string, Held>();
  /** Names of which nobody knows what the client has: they were in a response that was refused for the sake of others. */
  readonly perhaps: Set<string>;
  /** Names to be looked at when the stream is free. */
  readonly dirty = new Set<string>();
  /** Names that are owed an answer, as soon as they are wanted, even if the client has the version. */
  readonly forced = new Set<string>();
  /** Versions that the client refused, by name. */
  readonly rejected = new Map<string, { readonly version: string; readonly message: string }>();
  /** Names to be sent one by one, to find out which of them was refused. */
  readonly single = new Set<string>();
  /** Names that are gone from the store, with the time since which nothing at the client uses them. */
  readonly leaving = new Map<string, number | undefined>();
  readonly waiting = new Map<string, Waiting>();
  inflight: Response | undefined;
  /** The first wildcard request is owed an answer even if there is nothing: Envoy's start waits for it. */
  owesFirst = false;

  constructor(type: XdsType, doubts: Set<string>) {
    this.type = type;
    this.perhaps = doubts;
  }

  wants(name: string): boolean {
    return this.wildcard || this.names.has(name);
  }

  /** Nothing is on its way or waiting to be. */
  idle(): boolean {
    return this.inflight === undefined && this.dirty.size === 0 && this.waiting.size === 0;
  }

  /** The name is on its way, or waiting to be. */
  isMoving(name: string): boolean {
    if (this.dirty.has(name) || this.waiting.has(name) || this.leaving.has(name)) return true;
    const { inflight } = this;
    return inflight !== undefined && (inflight.removed.includes(name) || inflight.resources.some((resource) => resource.name === name));
  }

  /** Has a look at the name again when the stream is free. */
  touch(name: string): void {
    if (this.wants(name)) this.dirty.add(name);
  }

  /** Sends the name again even if its version is held. */
  force(name: string): void {
    this.forced.add(name);
    this.touch(name);
  }

  /** Whoever was to want the name is gone. */
  forgive(name: string): void {
    if (!this.wants(name)) this.forced.delete(name);
  }

  /** Nobody knows any more what the client has: sends it again, or its removal. */
  doubt(name: string): void {
    if (this.wants(name)) this.perhaps.add(name);
    this.touch(name);
  }

  /** The client is not interested any more. */
  drop(name: string): void {
    this.held.delete(name);
    this.perhaps.delete(name);
    this.dirty.delete(name);
    this.forced.delete(name);
    this.rejected.delete(name);
    this.single.delete(name);
    this.leaving.delete(name);
    this.waiting.delete(name);
  }
}

/** Which resources a client is to have. */
export interface ClientIdentity {
  /** `node.cluster` of the client. */
  readonly proxy: string;
  /** The places that the client is at, the narrowest first; asked when it matters. */
  readonly places?: () => readonly string[];
}

/** Everything known of one client, and the questions across kinds that make before break asks. */
export class ClientState {
  readonly subscriptions: Readonly<Record<XdsType, Subscription>>;
  /** Clusters that were waited for in vain; they hold nothing up until they are live. */
  readonly givenUp = new Set<string>();
  readonly #store: ResourceStore;
  readonly #proxy: string;
  readonly #places: () => readonly string[];

  constructor(store: ResourceStore, client: ClientIdentity, doubts: Readonly<Record<XdsType, Set<string>>>) {
    this.#store = store;
    this.#proxy = client.proxy;
    this.#places = client.places ?? (() => []);
    this.subscriptions = recordOf((type) => new Subscription(type, doubts[type]));
  }

  /** The store's version of a resource for this client, whether it was sent or not. */
  wanted(type: XdsType, name: string): XdsResource | undefined {
    const found = this.#store.get(this.#proxy, type, name);
    return found && resourceAt(found, this.#places);
  }

  /** How far the store's version of a resource has come. */
  stateOf(type: XdsType, name: string): ResourceState {
    const sub = this.subscriptions[type];
    const wanted = this.wanted(type, name)?.version;
    const held = sub.held.get(name)?.version;
    const rejected = sub.rejected.get(name);
    if (rejected !== undefined && rejected.version === wanted) return { state: 'nacked', held, message: rejected.message };
    if (sub.isMoving(name)) return { state: 'pending', held };
    return { state: held !== undefined && held === wanted ? 'acked' : 'unsent', held };
  }

  /**
   * Whether the client routes to the cluster without a 503: cluster, endpoints and secrets were acknowledged.
   * A cluster that the store does not have is not waited for: nobody is going to send it.
   */
  isLive(cluster: string): boolean {
    const { CDS, EDS, SDS } = this.subscriptions;
    const held = CDS.held.get(cluster);
    if (held === undefined) return this.wanted('CDS', cluster) === undefined;
    if (!EDS.held.has(cluster) && this.wanted('EDS', cluster) !== undefined) return false;
    for (const secret of held.resource?.secrets ?? []) {
      if (!SDS.held.has(secret) && this.wanted('SDS', secret) !== undefined) return false;
    }
    return true;
  }

  /** When the wait for a cluster ends. */
  deadline({ since, missing }: Waiting): number {
    const { CDS, EDS } = this.subscriptions;
    return since + (CDS.rejected.has(missing) || EDS.rejected.has(missing) ? REFUSED_WAIT_MS : NEEDS_WAIT_MS);
  }

  /** The first cluster that keeps the resource from being sent. */
  missingNeed(resource: XdsResource): string | undefined {
    return resource.needs?.find((cluster) => !this.givenUp.has(cluster) && !this.isLive(cluster));
  }

  /** A route is on its way: clusters that are about to leave stay as long as it does. */
  use(resource: XdsResource): void {
    const { leaving } = this.subscriptions.CDS;
    if (leaving.size === 0) return;
    for (const cluster of resource.needs ?? []) if (leaving.has(cluster)) leaving.set(cluster, undefined);
  }

  /**
   * Those of the clusters that a route which the client has, or is being sent, can still choose.
   * A route of unknown content uses them all. Costs a pass over all needs: not for the hot path.
   */
  usedClusters(clusters: ReadonlySet<string>): ReadonlySet<string> {
    const used = new Set<string>();
    const use = (resource: XdsResource): void => {
      for (const need of resource.needs ?? []) if (clusters.has(need)) used.add(need);
    };
    for (const type of ROUTING_TYPES) {
      const { held, inflight, perhaps } = this.subscriptions[type];
      if (perhaps.size > 0) return clusters;
      for (const { resource } of held.values()) {
        if (resource === undefined) return clusters;
        use(resource);
      }
      inflight?.resources.forEach(use);
    }
    return used;
  }

  /** Whether anything at the client can still use a resource of the kind that left the store. */
  inUse(type: XdsType, name: string, usedClusters: ReadonlySet<string>): boolean {
    const { CDS, LDS, SRDS } = this.subscriptions;
    if (type === 'CDS') return usedClusters.has(name);
    // Endpoints stay as long as a cluster that is on its way out does.
    if (type === 'EDS') return CDS.held.has(name) && this.#store.get(this.#proxy, 'CDS', name) === undefined;
    if (type === 'SDS') return !LDS.idle() || !CDS.idle();
    return !LDS.idle() || !SRDS.idle();
  }
}
