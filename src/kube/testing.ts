/* A fake API server: real HTTP on loopback around a store in memory. More than 300 lines, since one request's way through it is told in one place. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { KINDS } from '../api/kinds.ts';
import { KubeClient } from './client.ts';
import { noCredentials } from './credentials.ts';
import { FakeStore, keyOf, Refusal, resourceId, selects } from './fake-store/testing.ts';
import type { FakeEvent, FakeObject, FakeResource, Json, Selection } from './fake-store/testing.ts';
import { systemTiming } from './timing.ts';
import type { Timing } from './timing.ts';
import * as wellKnown from './well-known.ts';

export { FakeStore, keyOf, Refusal } from './fake-store/testing.ts';
export type { FakeEvent, FakeObject, FakeResource, Json } from './fake-store/testing.ts';

/** A request that came in. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
}

function isCalled({ alias, kind }: FakeResource, name: string): boolean {
  return (alias ?? kind) === name;
}

/** Where a path leads. */
interface Target {
  readonly resource: FakeResource;
  readonly version: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

interface OpenWatch {
  readonly target: Target;
  readonly selection: Selection;
  readonly response: ServerResponse;
}

const ungenerated = new Set(['', 'discovery.k8s.io']);

/** Time that runs `factor` times as fast: delays are as long, relative to each other, as they are in earnest. */
export function quickTiming(factor = 20): Timing & { readonly slept: number[] } {
  const slept: number[] = [];
  return {
    slept,
    now: () => performance.now() * factor,
    random: () => 0,
    sleep: (ms, signal) => {
      slept.push(ms);
      return systemTiming.sleep(ms / factor, signal);
    },
  };
}

/** Kinds that Moongate reads, in all versions that it knows, and the built-in ones that it writes. */
export const standardResources: readonly FakeResource[] = [
  ...Object.values(wellKnown).map(({ version, ...resource }): FakeResource => ({
    ...resource,
    versions: [version],
    hasStatus: !['ConfigMap', 'Secret', 'ServiceAccount', 'Lease', 'Event'].includes(resource.kind),
    hasGeneration: !ungenerated.has(resource.group) && resource.kind !== 'Lease',
  })),
  ...[...KINDS.values()].map((kind): FakeResource => ({
    group: kind.group,
    versions: kind.versions.filter(({ served }) => served).map(({ name }) => name),
    plural: kind.plural,
    kind: kind.objectKind,
    alias: kind.kind,
    namespaced: kind.namespaced,
    hasStatus: !['ConfigMap', 'Secret', 'EndpointSlice', 'ReferenceGrant'].includes(kind.kind),
    hasGeneration: kind.custom || kind.kind === 'EndpointSlice',
  })),
];

/**
 * An API server for tests: lists in pages, watches with bookmarks, resource versions, 410, conflicts, status subresources, merge patch, apply,
 * finalizers, selectors, discovery; and faults to order. What it lacks: admission, validation, schemas, strategic merge, keyed lists in apply.
 */
export class FakeApiServer {
  readonly store = new FakeStore();
  /** All requests so far. */
  readonly requests: SeenRequest[] = [];
  /** Answers a request with an error, or undefined to let it through. */
  intercept: (request: SeenRequest) => Refusal | undefined = () => undefined;
  /** Held until this resolves. */
  gate: (request: SeenRequest) => Promise<void> | undefined = () => undefined;
  /** Whether discovery comes in one document, as since Kubernetes 1.30. */
  aggregatedDiscovery = true;
  readonly #denied = new Set<string>();
  readonly #watches = new Set<OpenWatch>();
  readonly #sockets = new Set<Socket>();
  /** What is left to page through, by token. */
  readonly #snapshots = new Map<string, readonly FakeObject[]>();
  #server: Server | undefined;
  #port = 0;
  #observers: (() => void)[] = [];

  /** Starts one that serves `resources`, those of `standardResources` unless given; it is stopped after the test. */
  static async start(context: Pick<TestContext, 'after'>, resources: readonly FakeResource[] = standardResources): Promise<FakeApiServer> {
    const server = new FakeApiServer();
    for (const resource of resources) server.store.install(resource);
    server.store.onEvent((event) => server.#tell(event));
    await server.up();
    context.after(() => server.down());
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** A client of this server. It is to be closed. */
  client(timeoutMs = 5000): KubeClient {
    const connection = { server: this.url, tls: {}, credentials: noCredentials, namespace: 'default' };
    return new KubeClient({ connection, userAgent: 'moongate/test', timeoutMs });
  }

  /** Listens, on the same port as before. */
  async up(): Promise<void> {
    const server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => refuse(response, new Refusal(500, 'InternalError', String(error))));
    });
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Is gone: connections break, and nobody listens. */
  async down(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#watches.clear();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  }

  /** Makes an object, or replaces its content; a status in it is stored, too. */
  put(kind: string, object: { readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown }; readonly [field: string]: unknown }): FakeObject {
    const id = this.id(kind);
    const namespace = this.store.resources.get(id)?.namespaced === true ? (object.metadata.namespace ?? 'default') : undefined;
    const metadata = namespace === undefined ? object.metadata : { ...object.metadata, namespace };
    const input = { ...object, metadata };
    const exists = this.store.list(id, {}).some((stored) => keyOf(stored) === keyOf(input));
    const stored = exists ? this.store.replace(id, keyOf(input), input) : this.store.create(id, input, namespace);
    if (object['status'] === undefined || this.store.resources.get(id)?.hasStatus !== true) return stored;
    return this.putStatus(kind, keyOf(stored), object['status']);
  }

  /** Writes the status of an object. */
  putStatus(kind: string, key: string, status: unknown): FakeObject {
    return this.store.mergePatch(this.id(kind), key, { status }, { subresource: 'status' });
  }

  delete(kind: string, key: string): void {
    this.store.delete(this.id(kind), key);
  }

  get(kind: string, key: string): FakeObject {
    return this.store.get(this.id(kind), key);
  }

  list(kind: string): FakeObject[] {
    return this.store.list(this.id(kind), {});
  }

  /** The store's name of a kind, whether or not it is installed. */
  id(kind: string): string {
    const resource = [...this.store.resources.values(), ...standardResources].find((candidate) => isCalled(candidate, kind));
    if (resource === undefined) throw new Error(`the fake knows no ${kind}`);
    return resourceId(resource);
  }

  /** RBAC that allows nothing on a kind, in one namespace or as a whole. */
  deny(kind: string, namespace = ''): void {
    this.#denied.add(`${this.id(kind)}/${namespace}`);
  }

  allow(kind: string, namespace = ''): void {
    this.#denied.delete(`${this.id(kind)}/${namespace}`);
  }

  /** The CRD goes, and everything of it. */
  uninstall(kind: string): void {
    const id = this.id(kind);
    this.store.uninstall(id);
    for (const watch of this.#watches) {
      if (resourceId(watch.target.resource) !== id) continue;
      watch.response.end();
      this.#watches.delete(watch);
    }
  }

  /** The CRD comes, in these versions or in all that are known. */
  install(kind: string, versions?: readonly string[]): void {
    const resource = standardResources.find((candidate) => isCalled(candidate, kind));
    if (resource === undefined) throw new Error(`the fake knows no ${kind}`);
    this.store.install({ ...resource, versions: versions ?? resource.versions });
  }

  /** Ends all watches: as a server does when their time is up, or with an event half told. */
  endWatches(how: 'cleanly' | 'in the middle of an event'): void {
    for (const { response, target } of this.#watches) {
      if (how === 'cleanly') response.end();
      else {
        response.write(`{"type":"ADDED","object":{"kind":"${target.resource.kind}","metadata":{"name":"half`);
        // The half event has to be on its way before the connection breaks.
        setImmediate(() => response.destroy());
      }
    }
    this.#watches.clear();
  }

  /** Tells every watch where it is. */
  bookmark(): void {
    for (const { response, target } of this.#watches) {
      const metadata = { resourceVersion: String(this.store.version), creationTimestamp: null };
      send(response, 'BOOKMARK', { kind: target.resource.kind, apiVersion: versionOf(target), metadata });
    }
  }

  /** An ERROR event to every watch, which ends with it. */
  failWatches(code: number, reason: string): void {
    for (const { response } of this.#watches) {
      send(response, 'ERROR', statusOf(new Refusal(code, reason, `fake: ${reason}`)));
      response.end();
    }
    this.#watches.clear();
  }

  /** Open watches of a kind, or of all. */
  watches(kind?: string): number {
    return [...this.#watches].filter(({ target }) => kind === undefined || isCalled(target.resource, kind)).length;
  }

  /** Resolves as soon as a condition holds; it is looked at after each request and each event. */
  async until(condition: () => boolean, what: string, deadlineMs = 10_000): Promise<void> {
    const deadline = AbortSignal.timeout(deadlineMs);
    while (!condition()) {
      await new Promise<void>((resolve, reject) => {
        this.#observers.push(resolve);
        deadline.addEventListener('abort', () => reject(new Error(`waited in vain for ${what}`)), { once: true });
      });
    }
  }

  #notify(): void {
    const observers = this.#observers;
    this.#observers = [];
    for (const observe of observers) observe();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://fake');
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString('utf8');
    const seen: SeenRequest = {
      method: request.method ?? '',
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      body: text === '' ? undefined : JSON.parse(text),
    };
    this.requests.push(seen);
    this.#notify();
    await this.gate(seen);
    try {
      const refusal = this.intercept(seen);
      if (refusal !== undefined) throw refusal;
      this.#answer(seen, request, response);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refuse(response, error);
    }
    this.#notify();
  }

  #answer(seen: SeenRequest, request: IncomingMessage, response: ServerResponse): void {
    const discovery = this.#discover(seen.path, request.headers.accept ?? '');
    if (discovery !== undefined) return reply(response, 200, discovery);
    const target = this.#target(seen.path);
    this.#authorize(seen, target);
    if (target.name === undefined && seen.method === 'GET') {
      const selection: Selection = { namespace: target.namespace, labelSelector: seen.query['labelSelector'], fieldSelector: seen.query['fieldSelector'] };
      if (seen.query['watch'] !== undefined) return this.#watch(seen, target, { selection, response });
      return reply(response, 200, this.#list(seen, target, selection));
    }
    const [code, object] = this.#write(seen, request.headers['content-type'] ?? '', target);
    reply(response, code, inVersion(object, target));
  }

  #write({ method, query, body }: SeenRequest, contentType: string, target: Target): readonly [number, FakeObject] {
    const id = resourceId(target.resource);
    const { name = '', namespace, subresource } = target;
    const key = namespace === undefined ? name : `${namespace}/${name}`;
    const input = (body ?? {}) as Json;
    const options = { subresource, manager: query['fieldManager'], force: query['force'] === 'true' };
    if (method === 'GET') return [200, this.store.get(id, key)];
    if (method === 'POST') return [201, this.store.create(id, input, namespace, options)];
    if (method === 'PUT') return [200, this.store.replace(id, key, input, options)];
    if (method === 'DELETE') return [200, this.store.delete(id, key, input['preconditions'] ?? {})];
    if (contentType.startsWith('application/merge-patch+json')) return [200, this.store.mergePatch(id, key, input, options)];
    if (!contentType.startsWith('application/apply-patch+yaml')) throw new Refusal(415, 'UnsupportedMediaType', `the fake knows no ${contentType}`);
    const metadata = { ...(input['metadata'] as Json), ...(namespace === undefined ? {} : { namespace }) };
    return [200, this.store.apply(id, key, { ...input, metadata }, options)];
  }

  #list({ query }: SeenRequest, target: Target, selection: Selection): Json {
    const { resource } = target;
    const limit = Number(query['limit'] ?? Infinity);
    const token = query['continue'];
    const rest = token === undefined ? this.store.list(resourceId(resource), selection) : this.#snapshots.get(token);
    const version = token === undefined ? this.store.version : Number(token.split('-')[0]);
    if (rest === undefined || version < this.store.compacted) {
      throw new Refusal(410, 'Expired', 'The provided continue parameter is too old to display a consistent list result.');
    }
    const items = rest.slice(0, limit);
    const next = items.length === rest.length ? {} : { continue: `${version}-${randomUUID()}` };
    if (next.continue !== undefined) this.#snapshots.set(next.continue, rest.slice(limit));
    // As the real one: items of the core kinds do not say what they are.
    const bare = KINDS.get(resource.kind)?.custom !== true;
    return {
      kind: `${resource.kind}List`,
      apiVersion: versionOf(target),
      metadata: { resourceVersion: String(version), ...next },
      items: items.map((object) => (bare ? { ...object, kind: undefined } : inVersion(object, target))),
    };
  }

  #watch({ query }: SeenRequest, target: Target, { selection, response }: { readonly selection: Selection; readonly response: ServerResponse }): void {
    const watch: OpenWatch = { target, selection, response };
    const missed = this.store.eventsSince(Number(query['resourceVersion'] ?? 0));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    for (const event of missed) tellOne(watch, event);
    this.#watches.add(watch);
    const timer = setTimeout(() => response.end(), Number(query['timeoutSeconds'] ?? 300) * 1000).unref();
    response.on('close', () => {
      clearTimeout(timer);
      this.#watches.delete(watch);
      this.#notify();
    });
  }

  #tell(event: FakeEvent): void {
    for (const watch of this.#watches) tellOne(watch, event);
    this.#notify();
  }

  #target(path: string): Target {
    const [, prefix, ...rest] = path.split('/').map(decodeURIComponent);
    const group = prefix === 'api' ? '' : (rest.shift() ?? '');
    const version = rest.shift() ?? '';
    const namespace = rest[0] === 'namespaces' && rest.length > 2 ? (rest.splice(0, 2)[1] ?? '') : undefined;
    const [plural = '', name, subresource] = rest;
    const resource = this.store.resources.get(resourceId({ group, plural }));
    if (resource === undefined || !resource.versions.includes(version)) throw new Refusal(404, 'NotFound', 'the server could not find the requested resource');
    return { resource, version, namespace, name, subresource };
  }

  #authorize({ method, query }: SeenRequest, { resource, namespace, name }: Target): void {
    const id = resourceId(resource);
    if (!this.#denied.has(`${id}/`) && (namespace === undefined || !this.#denied.has(`${id}/${namespace}`))) return;
    const verb = method !== 'GET' ? method.toLowerCase() : query['watch'] !== undefined ? 'watch' : name === undefined ? 'list' : 'get';
    const scope = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
    throw new Refusal(403, 'Forbidden', `${resource.plural}.${resource.group} is forbidden: User "fake" cannot ${verb} resource "${resource.plural}" in API group "${resource.group}" ${scope}`);
  }

  #discover(path: string, accept: string): Json | undefined {
    const match = /^\/apis(?:\/([^/]+)(?:\/([^/]+))?)?$/.exec(path);
    if (match === null) return undefined;
    const [, group, version] = match;
    const groups = Map.groupBy([...this.store.resources.values()].filter((resource) => resource.group !== ''), (resource) => resource.group);
    if (group !== undefined) {
      const resources = (groups.get(group) ?? []).filter(({ versions }) => version === undefined || versions.includes(version));
      if (resources.length === 0) throw new Refusal(404, 'NotFound', 'the server could not find the requested resource');
      return { kind: 'APIResourceList', resources: resources.map(({ plural, kind, namespaced }) => ({ name: plural, kind, namespaced })) };
    }
    const versionsOf = (resources: readonly FakeResource[]): string[] => [...new Set(resources.flatMap(({ versions }) => versions))];
    if (!this.aggregatedDiscovery || !accept.includes('APIGroupDiscoveryList')) {
      return { kind: 'APIGroupList', groups: [...groups].map(([name, resources]) => ({ name, versions: versionsOf(resources).map((v) => ({ version: v })) })) };
    }
    const items = [...groups].map(([name, resources]) => ({
      metadata: { name },
      versions: versionsOf(resources).map((v) => ({
        version: v,
        resources: resources.filter(({ versions }) => versions.includes(v)).map(({ plural }) => ({ resource: plural })),
      })),
    }));
    return { kind: 'APIGroupDiscoveryList', items };
  }
}

function versionOf({ resource: { group }, version }: Target): string {
  return group === '' ? version : `${group}/${version}`;
}

function inVersion(object: FakeObject, target: Target): Json {
  return { apiVersion: versionOf(target), ...object };
}

/** What an event is for one watch: an object that no longer fits its selector is gone for it. */
function tellOne({ target, selection, response }: OpenWatch, { resource, before, after }: FakeEvent): void {
  if (resource !== resourceId(target.resource)) return;
  const was = before !== undefined && selects(selection, before);
  const is = after !== undefined && selects(selection, after);
  if (!was && !is) return;
  const type = !was ? 'ADDED' : is ? 'MODIFIED' : 'DELETED';
  const object = after ?? before;
  if (object !== undefined) send(response, type, inVersion(object, target));
}

function send(response: ServerResponse, type: string, object: unknown): void {
  response.write(`${JSON.stringify({ type, object })}\n`);
}

function statusOf({ code, reason, message }: Refusal): Json {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
}

function refuse(response: ServerResponse, refusal: Refusal): void {
  reply(response, refusal.code, statusOf(refusal));
}

function reply(response: ServerResponse, code: number, body: Json): void {
  if (response.headersSent) return void response.destroy();
  response.writeHead(code, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
