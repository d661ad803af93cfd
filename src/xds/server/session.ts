import { ClientState, type ClientIdentity, type ResourceState, type Subscription } from './client-state.ts';
import { giveUpWaiting, hasLingered, LEAVING_LOOK_MS, releaseUnused } from './deferral.ts';
import type { Nack, Overdue } from './events.ts';
import type { ProxyMemory } from './memory.ts';
import { blame, cut, suspectsOf } from './refusal.ts';
import type { Changes, Part, ResourceStore, XdsResource } from './resources.ts';
import { DEFERRED_REMOVAL, PUSH_ORDER, ROUTING_TYPES, typeOf, WILDCARD_TYPES, type XdsType } from './types.ts';
import { sizeInResponse, type DeltaRequest, type Response } from './wire.ts';

/** A response is closed when it has this many bytes; a single larger resource still goes, alone. */
export const MAX_RESPONSE_BYTES = 1024 * 1024;
export interface SessionOptions extends ClientIdentity {
  readonly store: ResourceStore;
  readonly memory: ProxyMemory;
  /** `node.id` of the client. */
  readonly nodeId: string;
  readonly onNack: (nack: Nack) => void;
  readonly onOverdue: (overdue: Overdue) => void;
  /** Default MAX_RESPONSE_BYTES. */
  readonly maxResponseBytes?: number;
}

/**
 * One delta ADS stream without its socket and timers: requests, commits and ticks go in, responses to be sent come out.
 *
 *     commit, subscribe ─► dirty ─┬─────────────────────────────► in flight ─ACK─► held
 *                                 ├─ needs not live ─► waiting ─►     │
 *                                 └─ gone, in use ───► leaving ─►     └─NACK─► rejected: this version is never sent again
 *
 * Of each kind at most one response is in flight; what changes meanwhile is gathered in `dirty`, by name, so the next
 * response has the latest content and nothing is ever queued. Times are milliseconds of any steady clock.
 */
export class Session {
  readonly proxy: string;
  readonly nodeId: string;
  readonly #options: SessionOptions;
  readonly #store: ResourceStore;
  readonly #client: ClientState;
  #writable = true;
  #nonce = 0;
  #lastLook = Number.NEGATIVE_INFINITY;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#store = options.store;
    this.proxy = options.proxy;
    this.nodeId = options.nodeId;
    this.#client = new ClientState(options.store, options, options.memory.doubtsOf(options.nodeId));
  }

  /** Takes a request: an answer to a response, a change of interest, or both. */
  receive(request: DeltaRequest, now: number): readonly Response[] {
    const type = typeOf(request.typeUrl);
    // Kinds that are not served stay unanswered: Envoy waits for them no longer than its initial_fetch_timeout.
    if (type === undefined) return [];
    const sub = this.#client.subscriptions[type];
    if (!sub.started) this.#start(sub, request);
    else {
      if (sub.inflight !== undefined && request.nonce === sub.inflight.nonce) this.#answered(sub, sub.inflight, request.error);
      this.#resubscribe(sub, request);
    }
    return this.#turn(now);
  }

  /** Takes a commit of the store. */
  changed(changes: Changes, now: number): readonly Response[] {
    for (const [type, names] of changes) {
      const sub = this.#client.subscriptions[type];
      for (const name of names) sub.touch(name);
    }
    return this.#turn(now);
  }

  /** Says whether the transport takes more; while it does not, nothing is sent. */
  writable(writable: boolean, now: number): readonly Response[] {
    this.#writable = writable;
    return this.#turn(now);
  }

  /** When `tick` has something to do, at the latest; undefined when nothing is waiting for time to pass. */
  get wakeAt(): number | undefined {
    let at = Number.POSITIVE_INFINITY;
    for (const type of PUSH_ORDER) {
      const sub = this.#client.subscriptions[type];
      if (sub.leaving.size > 0) at = Math.min(at, this.#lastLook + LEAVING_LOOK_MS);
      for (const waiting of sub.waiting.values()) at = Math.min(at, this.#client.deadline(waiting));
    }
    return at === Number.POSITIVE_INFINITY ? undefined : at;
  }

  /** Lets time pass: gives up waiting for clusters, removes what nothing uses any more. */
  tick(now: number): readonly Response[] {
    for (const overdue of giveUpWaiting(this.#client, now)) {
      this.#options.onOverdue({ proxy: this.proxy, nodeId: this.nodeId, ...overdue });
    }
    if (now >= this.#lastLook + LEAVING_LOOK_MS) {
      this.#lastLook = now;
      releaseUnused(this.#client, now);
    }
    return this.#turn(now);
  }

  /** How far the store's version of a resource has come at this client. */
  stateOf(type: XdsType, name: string): ResourceState {
    return this.#client.stateOf(type, name);
  }

  #start(sub: Subscription, request: DeltaRequest): void {
    sub.started = true;
    sub.wildcard = request.subscribe.includes('*') || (request.subscribe.length === 0 && WILDCARD_TYPES.has(sub.type));
    for (const name of request.subscribe) if (name !== '*') sub.names.add(name);
    for (const [name, version] of request.initialVersions) {
      if (sub.wants(name)) sub.held.set(name, { version, resource: this.#resourceOf(sub.type, name, version) });
    }
    sub.owesFirst = sub.wildcard && sub.held.size === 0;
    for (const name of sub.held.keys()) sub.dirty.add(name);
    for (const name of sub.perhaps) sub.touch(name);
    for (const name of sub.names) {
      // A name that the client waits for is answered even if it does not exist, or Envoy waits for its initial_fetch_timeout.
      if (sub.held.has(name)) sub.touch(name);
      else sub.force(name);
    }
    if (sub.wildcard) for (const name of this.#store.names(this.proxy, sub.type)) sub.dirty.add(name);
  }

  #resourceOf(type: XdsType, name: string, version: string): XdsResource | undefined {
    const wanted = this.#client.wanted(type, name);
    return wanted?.version === version ? wanted : this.#options.memory.recall(type, name, version);
  }

  #resubscribe(sub: Subscription, request: DeltaRequest): void {
    for (const name of request.unsubscribe) {
      if (name === '*') {
        sub.wildcard = false;
        for (const held of [...sub.held.keys()]) if (!sub.wants(held)) sub.drop(held);
      } else {
        sub.names.delete(name);
        if (!sub.wildcard) sub.drop(name);
      }
    }
    for (const name of request.subscribe) {
      if (name === '*') {
        sub.wildcard = true;
        for (const known of this.#store.names(this.proxy, sub.type)) sub.dirty.add(known);
      } else {
        // "... the server must provide the resource even if it thinks the client has it": xds_protocol, subscribing to resources.
        sub.names.add(name);
        sub.force(name);
      }
    }
  }

  #answered(sub: Subscription, response: Response, error: string | undefined): void {
    sub.inflight = undefined;
    if (error !== undefined) return this.#refused(sub, response, error);
    for (const resource of response.resources) this.#accepted(sub, resource);
    for (const name of response.removed) sub.perhaps.delete(name);
  }

  #accepted(sub: Subscription, resource: XdsResource): void {
    const { name, version } = resource;
    if (!sub.wants(name)) return;
    sub.held.set(name, { version, resource });
    sub.perhaps.delete(name);
    sub.rejected.delete(name);
    sub.single.delete(name);
    this.#options.memory.accept(sub.type, resource);
    this.#options.memory.settle(sub.type, name);
  }

  #refused(sub: Subscription, response: Response, message: string): void {
    const { resources, removed } = response;
    if (resources.length > 0) for (const name of removed) sub.doubt(name);
    const reasons = blame(message, resources.map((resource) => resource.name));
    for (const resource of resources) {
      const { name, version } = resource;
      const reason = reasons.get(name);
      if (reason === undefined) {
        if (reasons.size === 0) sub.single.add(name);
        sub.doubt(name);
        continue;
      }
      const accepted = sub.held.get(name)?.resource ?? this.#options.memory.lastAccepted(sub.type, name);
      sub.single.delete(name);
      sub.rejected.set(name, { version, message: reason });
      this.#options.memory.refuse(sub.type, name);
      this.#report(sub.type, name, version, reason, suspectsOf(resource, accepted));
    }
    if (resources.length === 0) this.#report(sub.type, '', '', cut(message), []);
  }

  #report(type: XdsType, name: string, version: string, message: string, suspects: readonly Part[]): void {
    this.#options.onNack({ proxy: this.proxy, nodeId: this.nodeId, type, name, version, message, suspects });
  }

  #turn(now: number): readonly Response[] {
    if (!this.#writable) return [];
    for (const type of ROUTING_TYPES) {
      const sub = this.#client.subscriptions[type];
      for (const [name, { missing }] of sub.waiting) {
        if (this.#client.givenUp.has(missing) || this.#client.isLive(missing)) sub.touch(name);
      }
    }
    const responses: Response[] = [];
    for (const type of PUSH_ORDER) {
      const response = this.#collect(this.#client.subscriptions[type], now);
      if (response !== undefined) responses.push(response);
    }
    return responses;
  }

  /** The next response of a kind: as much of what is dirty as may go and fits. */
  #collect(sub: Subscription, now: number): Response | undefined {
    if (!sub.started || sub.inflight !== undefined) return undefined;
    const limit = this.#options.maxResponseBytes ?? MAX_RESPONSE_BYTES;
    const resources: XdsResource[] = [];
    const removed: string[] = [];
    let size = 0;
    for (const name of [...sub.dirty]) {
      const next = this.#next(sub, name, now);
      if (next === undefined) {
        sub.dirty.delete(name);
        sub.forced.delete(name);
        continue;
      }
      const single = sub.single.has(name);
      if (single && size > 0) continue;
      const bytes = typeof next === 'string' ? next.length : sizeInResponse(sub.type, next);
      if (size > 0 && size + bytes > limit) break;
      sub.dirty.delete(name);
      sub.forced.delete(name);
      size += bytes;
      if (typeof next === 'string') {
        removed.push(next);
        sub.held.delete(next);
        sub.leaving.delete(next);
        if (sub.type === 'CDS') this.#client.subscriptions.EDS.forgive(next);
      } else {
        resources.push(next);
        if (sub.type === 'CDS') this.#rewarm(name);
        this.#client.use(next);
      }
      if (single) break;
    }
    if (resources.length === 0 && removed.length === 0 && !sub.owesFirst) return undefined;
    sub.owesFirst = false;
    sub.inflight = { type: sub.type, nonce: String(++this.#nonce), resources, removed };
    return sub.inflight;
  }

  /** What is to be sent for a dirty name: the resource, its name if it is to be removed, nothing if nothing is due. */
  #next(sub: Subscription, name: string, now: number): XdsResource | string | undefined {
    if (!sub.wants(name)) return undefined;
    const wanted = this.#client.wanted(sub.type, name);
    const held = sub.held.get(name);
    const forced = sub.forced.has(name);
    if (wanted === undefined) {
      sub.waiting.delete(name);
      sub.rejected.delete(name);
      if (forced) return name;
      if (held === undefined && !sub.perhaps.has(name)) return undefined;
      if (!DEFERRED_REMOVAL.has(sub.type)) return name;
      if (hasLingered(sub.type, sub.leaving.get(name), now)) return name;
      if (!sub.leaving.has(name)) sub.leaving.set(name, undefined);
      return undefined;
    }
    sub.leaving.delete(name);
    if (held?.version === wanted.version) {
      sub.single.delete(name);
      sub.rejected.delete(name);
      this.#options.memory.settle(sub.type, name);
      if (!sub.perhaps.has(name)) {
        sub.waiting.delete(name);
        return forced ? wanted : undefined;
      }
    }
    // Not again what was refused; whoever needs an answer now gets what was accepted before.
    if (sub.rejected.get(name)?.version === wanted.version) return forced ? held?.resource : undefined;
    const missing = this.#client.missingNeed(wanted);
    if (missing !== undefined) {
      sub.waiting.set(name, { since: sub.waiting.get(name)?.since ?? now, missing });
      return undefined;
    }
    sub.waiting.delete(name);
    return wanted;
  }

  /**
   * A changed cluster is a new one to Envoy: it warms until endpoints come, but Envoy does not ask for them again because
   * the name is subscribed already. Without them the change takes effect only after initial_fetch_timeout (15 s).
   * https://github.com/envoyproxy/envoy/issues/13009
   */
  #rewarm(cluster: string): void {
    this.#client.subscriptions.EDS.force(cluster);
    this.#client.givenUp.delete(cluster);
  }
}
