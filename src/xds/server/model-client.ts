import type { XdsResource } from './resources.ts';
import type { Session } from './session.ts';
import { recordOf, TYPE_URL, type XdsType } from './types.ts';
import type { DeltaRequest, Response } from './wire.ts';

/** A resource for tests: what it says is its content and its version. */
export function told(name: string, content: string, extras: Partial<XdsResource> = {}): XdsResource {
  return { name, bytes: Buffer.from(content), version: content, ...extras };
}

/** The route configuration that a listener for tests names: `web` of `listener>web`. */
export function routeOf(listener: string): string {
  return listener.slice(listener.indexOf('>') + 1);
}

/**
 * An Envoy as the protocol sees it, in as few lines as possible: the twin that the session is held against. It asks for
 * the endpoints of each cluster and for the routes of each listener, and refuses content that begins with `bad`.
 */
export class ModelClient {
  /** What is in force: content by name. */
  readonly applied: Record<XdsType, Map<string, XdsResource>> = fresh();
  /** What it tells when it connects: only what was in a response that it accepted. */
  readonly versions: Record<XdsType, Map<string, string>> = fresh();
  /** Clusters that changed and wait for endpoints before the change is in force. */
  readonly warming = new Set<string>();
  /** Responses that are not processed yet, in the order of the stream: at most one of a kind. */
  readonly inbox = new Map<XdsType, Response>();
  /** Every response ever, in order. */
  readonly seen: Response[] = [];
  /** `kind/name` that it asked for and has not been sent since. */
  readonly asked = new Set<string>();
  /** Called with each response as it arrives, before anything is done with it. */
  onResponse: (response: Response) => void = () => {};
  #session: Session | undefined;
  readonly #names = { EDS: new Set<string>(), RDS: new Set<string>() };

  /** Opens a stream: wildcard kinds first, then the names it has an interest in. */
  connect(session: Session, now: number): void {
    this.#session = session;
    this.inbox.clear();
    for (const type of ['CDS', 'LDS'] as const) this.#send({ type, initialVersions: this.versions[type] }, now);
    for (const type of ['EDS', 'RDS'] as const) {
      const names = this.#names[type];
      if (names.size > 0) this.#send({ type, subscribe: [...names], initialVersions: this.versions[type] }, now);
    }
  }

  /** Takes what the session has to say. */
  take(responses: readonly Response[]): void {
    for (const response of responses) {
      if (this.inbox.has(response.type)) throw new Error(`two responses of ${response.type} are in flight`);
      this.onResponse(response);
      for (const { name } of response.resources) this.asked.delete(`${response.type}/${name}`);
      this.inbox.set(response.type, response);
      this.seen.push(response);
    }
  }

  /** Processes what there is up to the response of one kind, if there is any, and answers it. */
  process(type: XdsType, now: number): void {
    const response = this.inbox.get(type);
    while (response !== undefined && this.inbox.get(type) === response) this.processNext(now);
  }

  /** Processes the oldest response, if there is any, and answers it; a stream keeps the order. */
  processNext(now: number): void {
    const [response] = this.inbox.values();
    if (response === undefined) return;
    const { type } = response;
    this.inbox.delete(type);
    // What nobody is interested in any more is accepted and forgotten.
    const wants = ({ name }: { readonly name: string }): boolean => (type === 'EDS' || type === 'RDS' ? this.#names[type].has(name) : true);
    const bad = response.resources.filter(isBad);
    const partly = type === 'CDS' || type === 'LDS';
    // CDS and LDS apply what is good of a refused response, the others stop at the first that is bad.
    const firstBad = response.resources.findIndex(isBad);
    const good = bad.length === 0 || partly ? response.resources.filter((resource) => !isBad(resource)) : response.resources.slice(0, firstBad);
    for (const resource of good.filter(wants)) this.#apply(type, resource);
    if (bad.length === 0 || partly) for (const name of response.removed) this.#remove(type, name);
    if (bad.length === 0) {
      for (const { name, version } of response.resources.filter(wants)) this.versions[type].set(name, version);
      for (const name of response.removed) this.versions[type].delete(name);
    }
    this.#send({ type, nonce: response.nonce, error: bad.length === 0 ? undefined : errorText(type, bad) }, now);
    if (type === 'CDS') this.#follow('EDS', this.applied.CDS.keys(), now);
    if (type === 'LDS') this.#follow('RDS', [...this.applied.LDS.keys()].map(routeOf), now);
  }

  #apply(type: XdsType, resource: XdsResource): void {
    const before = this.applied[type].get(resource.name);
    this.applied[type].set(resource.name, resource);
    if (type === 'CDS' && before?.version !== resource.version) this.warming.add(resource.name);
    if (type === 'EDS') this.warming.delete(resource.name);
  }

  #remove(type: XdsType, name: string): void {
    this.applied[type].delete(name);
    if (type === 'CDS' || type === 'EDS') this.warming.delete(name);
  }

  #follow(type: 'EDS' | 'RDS', names: Iterable<string>, now: number): void {
    const wanted = new Set(names);
    const known = this.#names[type];
    const subscribe = [...wanted].filter((name) => !known.has(name));
    const unsubscribe = [...known].filter((name) => !wanted.has(name));
    for (const name of subscribe) {
      known.add(name);
      this.asked.add(`${type}/${name}`);
    }
    for (const name of unsubscribe) {
      known.delete(name);
      this.applied[type].delete(name);
      this.versions[type].delete(name);
    }
    if (subscribe.length + unsubscribe.length > 0) this.#send({ type, subscribe, unsubscribe }, now);
  }

  #send(request: Partial<DeltaRequest> & { readonly type: XdsType }, now: number): void {
    const { type, ...rest } = request;
    const blank = { node: undefined, subscribe: [], unsubscribe: [], initialVersions: new Map<string, string>(), nonce: '', error: undefined };
    this.take(this.#session?.receive({ ...blank, ...rest, typeUrl: TYPE_URL[type] }, now) ?? []);
  }
}

function fresh<T>(): Record<XdsType, Map<string, T>> {
  return recordOf(() => new Map<string, T>());
}

function isBad(resource: XdsResource): boolean {
  return resource.version.startsWith('bad');
}

function errorText(type: XdsType, bad: readonly XdsResource[]): string {
  const reasons = bad.map(({ name, version }) => `${name}: ${version} is refused`);
  if (type === 'CDS') return `Error adding/updating cluster(s) ${reasons.join(', ')}`;
  if (type === 'LDS') return `Error adding/updating listener(s) ${reasons.map((reason) => `${reason}\n`).join('')}`;
  return `${bad[0]?.version} is refused`;
}
