import { chmod } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ServerCredentials, status, type Server } from '@grpc/grpc-js';
import type { Log } from '../../util/log.ts';
import { clearStaleSocket } from '../../util/socket-file.ts';
import { AdsStream, type AdsCall, type AdsStreamOptions } from './ads-stream.ts';
import type { ResourceState } from './client-state.ts';
import type { AdsCounters, Nack, Overdue, Pushed, StreamEvent } from './events.ts';
import { grpcServer, shutDown } from './grpc-service.ts';
import { ProxyMemory } from './memory.ts';
import { peerIdentity } from './peer-identity.ts';
import type { ResourceId } from './refusal.ts';
import type { ResourceStore } from './resources.ts';
import { SecureListener, type ServerTls } from './secure-listener.ts';
import { Session } from './session.ts';
import type { XdsType } from './types.ts';
import type { ClientNode } from './wire.ts';

/** Streams that one server keeps; Envoys beyond it are told to come back later. */
export const MAX_STREAMS = 1_000;
/** How long (ms) `close` waits for streams to end by themselves. */
const CLOSE_MS = 1_000;

export interface AdsServerOptions {
  readonly store: ResourceStore;
  readonly log: Log;
  /** Milliseconds of a steady clock; default performance.now. */
  readonly clock?: () => number;
  /** Default: plaintext, for a unix socket or loopback. */
  readonly credentials?: ServerCredentials;
  /** Default MAX_STREAMS. */
  readonly maxStreams?: number;
  /** Where an Envoy is, the narrowest place first. Not asked before `open`. */
  readonly placesOf?: (node: ClientNode) => readonly string[];
  readonly onNack?: (nack: Nack) => void;
  /** A resource that was refused is accepted, or gone. */
  readonly onRecovered?: (id: ResourceId) => void;
  readonly onStream?: (event: StreamEvent) => void;
  /** An Envoy took or refused a response, or said what it brought along: `ackState` may have changed. */
  readonly onAnswered?: (event: { readonly proxy: string; readonly nodeId: string }) => void;
  readonly onOverdue?: (overdue: Overdue) => void;
  readonly onPushed?: (pushed: Pushed) => void;
}

/** TLS for Envoys that come over the network. */
export interface SecureOptions {
  readonly tls: ServerTls;
  /** Whether a client with this URI in its certificate may have the resources of that proxy. */
  readonly authorize: (identity: string, proxy: string) => boolean;
}

/** How far a resource has come at one connected Envoy. */
export interface EnvoyResourceState extends ResourceState {
  readonly nodeId: string;
}

interface Proxy {
  readonly memory: ProxyMemory;
  readonly sessions: Map<Session, AdsStream>;
  readonly unsubscribe: () => void;
}

/** The delta ADS server: serves a store to the Envoys that connect. Nothing is answered before `open`. */
export class AdsServer {
  readonly counters: AdsCounters = { streams: 0, connects: 0, pushes: 0, bytes: 0, acks: 0, nacks: 0, overdue: 0 };
  readonly #options: AdsServerOptions;
  readonly #server: Server;
  #secure: { readonly listener: SecureListener; readonly server: Server } | undefined;
  readonly #streams = new Set<AdsStream>();
  readonly #proxies = new Map<string, Proxy>();
  #open = false;

  constructor(options: AdsServerOptions) {
    this.#options = options;
    this.#server = grpcServer((call) => this.#accept(call));
  }

  /** Listens on a unix socket that only this user can open. Rejects when another process listens there. */
  async listenOnSocket(path: string): Promise<void> {
    const absolute = resolve(path);
    await clearStaleSocket(absolute);
    await this.#bind(`unix:${absolute}`);
    await chmod(absolute, 0o600);
  }

  /** Listens on `host:port`, port 0 for any; resolves to the port. */
  listen(address: string): Promise<number> {
    return this.#bind(address);
  }

  /**
   * Listens on `host:port`, port 0 for any, for Envoys that show a certificate; resolves to the port. A stream ends with
   * PERMISSION_DENIED when the certificate is not of the proxy that the Envoy says it is. Rejects when `tls` cannot be used.
   */
  async listenSecure(address: string, { tls, authorize }: SecureOptions): Promise<number> {
    if (this.#secure !== undefined) throw new Error('xDS server: it listens with TLS already');
    const { log, maxStreams = MAX_STREAMS } = this.#options;
    const server = grpcServer((call) => {
      const identity = peerIdentity(call);
      this.#accept(call, ({ id, cluster }) => {
        if (identity !== undefined && authorize(identity, cluster)) return undefined;
        log.warn({ identity, proxy: cluster, node: id, peer: call.getPeer() }, 'xds: the certificate is not of the proxy that was named');
        return `the certificate is of ${identity ?? 'nobody'}, not of the proxy ${cluster}`;
      });
    });
    const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
    const listener = new SecureListener({
      tls,
      log,
      clock: this.#clock,
      // An Envoy that reconnects may have two for a moment.
      maxConnections: 2 * maxStreams,
      onConnection: (socket) => injector.injectConnection(socket),
    });
    const port = await listener.listen(address);
    this.#secure = { listener, server };
    return port;
  }

  /** Changes the certificate and the authorities for connections that come; streams that are open stay. Throws when it cannot be used. */
  updateTls(tls: ServerTls): void {
    if (this.#secure === undefined) throw new Error('xDS server: it does not listen with TLS');
    this.#secure.listener.update(tls);
  }

  #bind(target: string): Promise<number> {
    const credentials = this.#options.credentials ?? ServerCredentials.createInsecure();
    return new Promise((fulfil, reject) => {
      this.#server.bindAsync(target, credentials, (error, port) => (error === null ? fulfil(port) : reject(error)));
    });
  }

  /** All sources have synced: answers the streams that are held, and every later one at once. */
  open(): void {
    if (this.#open) return;
    this.#open = true;
    for (const stream of this.#streams) stream.open();
  }

  /** How far the store's version of a resource has come, for each connected Envoy of the proxy. */
  ackState(proxy: string, type: XdsType, name: string): readonly EnvoyResourceState[] {
    const sessions = this.#proxies.get(proxy)?.sessions.keys() ?? [];
    return [...sessions].map((session) => ({ nodeId: session.nodeId, ...session.stateOf(type, name) }));
  }

  /** Ends all streams, stops listening, removes the socket. Envoys keep what they have. */
  async close(): Promise<void> {
    for (const stream of [...this.#streams]) stream.end(status.UNAVAILABLE, 'the control plane is shutting down');
    this.#secure?.listener.stop();
    const servers = this.#secure === undefined ? [this.#server] : [this.#server, this.#secure.server];
    await Promise.all(servers.map((server) => shutDown(server, CLOSE_MS)));
    await this.#secure?.listener.close();
  }

  #accept(call: AdsCall, deny: AdsStreamOptions['deny'] = () => undefined): void {
    const limit = this.#options.maxStreams ?? MAX_STREAMS;
    if (this.#streams.size >= limit) {
      this.#options.log.warn({ limit, peer: call.getPeer() }, 'xds: too many streams');
      call.emit('error', { code: status.RESOURCE_EXHAUSTED, details: `more than ${limit} streams` });
      return;
    }
    let owner: AdsStream | undefined;
    const stream: AdsStream = new AdsStream(
      {
        call,
        clock: this.#clock,
        deny,
        identify: (node) => this.#connected(node, stream),
        onRequest: ({ nonce, error }) => {
          if (nonce !== '' && error === undefined) this.counters.acks++;
        },
        onAnswered: ({ proxy, nodeId }) => this.#tell(this.#options.onAnswered, { proxy, nodeId }),
        onPushed: ({ proxy, nodeId }, { type, resources, removed }, size, at) => {
          this.counters.pushes++;
          this.counters.bytes += size;
          this.#options.onPushed?.({ proxy, nodeId, type, resources: resources.length, removed: removed.length, bytes: size, at });
        },
        onClosed: (session) => {
          if (owner !== undefined) this.#streams.delete(owner);
          this.counters.streams = this.#streams.size;
          if (session !== undefined) this.#disconnected(session);
        },
      },
      this.#open,
    );
    owner = stream;
    this.#streams.add(stream);
    this.counters.streams = this.#streams.size;
    this.counters.connects++;
  }

  readonly #clock = (): number => (this.#options.clock ?? performance.now.bind(performance))();

  #connected(node: ClientNode, stream: AdsStream): Session {
    const { cluster: name, id: nodeId } = node;
    const { store, log, placesOf, onStream } = this.#options;
    const proxy = this.#proxies.get(name) ?? this.#addProxy(name);
    const session = new Session({
      store,
      memory: proxy.memory,
      proxy: name,
      nodeId,
      ...(placesOf === undefined ? {} : { places: () => placesOf(node) }),
      onNack: (nack) => this.#nacked(nack),
      onOverdue: (overdue) => this.#overdue(overdue),
    });
    proxy.sessions.set(session, stream);
    log.info({ proxy: name, node: nodeId }, 'xds: Envoy connected');
    onStream?.({ proxy: name, nodeId, state: 'connected' });
    return session;
  }

  #addProxy(name: string): Proxy {
    const { store, onRecovered } = this.#options;
    const sessions = new Map<Session, AdsStream>();
    const proxy: Proxy = {
      memory: new ProxyMemory(store, name, (id) => this.#tell(onRecovered, id)),
      sessions,
      unsubscribe: store.subscribe(name, (changes) => {
        for (const stream of [...sessions.values()]) stream.changed(changes);
        this.#forgetUnused(name, proxy);
      }),
    };
    this.#proxies.set(name, proxy);
    return proxy;
  }

  #disconnected(session: Session): void {
    const { log, onStream } = this.#options;
    const { proxy: name, nodeId } = session;
    const proxy = this.#proxies.get(name);
    proxy?.sessions.delete(session);
    if (proxy !== undefined) this.#forgetUnused(name, proxy);
    log.info({ proxy: name, node: nodeId }, 'xds: Envoy disconnected');
    onStream?.({ proxy: name, nodeId, state: 'disconnected' });
  }

  /** What is remembered of a proxy that has resources serves its Envoys when they come back; others are forgotten. */
  #forgetUnused(name: string, proxy: Proxy): void {
    if (proxy.sessions.size > 0 || this.#options.store.has(name)) return;
    this.#proxies.delete(name);
    proxy.unsubscribe();
    proxy.memory.close();
  }

  /** Events may lead to a commit, so they wait until the stream that caused them has sent what it was about to send. */
  #tell<T>(listener: ((event: T) => void) | undefined, event: T): void {
    if (listener !== undefined) queueMicrotask(() => listener(event));
  }

  #nacked(nack: Nack): void {
    const { proxy, nodeId, type, name, message, suspects } = nack;
    this.counters.nacks++;
    this.#options.log.warn({ proxy, node: nodeId, type, name, suspects: suspects.length, reason: message }, 'xds: Envoy refused a resource');
    this.#tell(this.#options.onNack, nack);
  }

  #overdue(overdue: Overdue): void {
    const { proxy, nodeId, type, name, missing } = overdue;
    this.counters.overdue++;
    this.#options.log.warn({ proxy, node: nodeId, type, name, missing }, 'xds: sent although clusters are not live');
    this.#tell(this.#options.onOverdue, overdue);
  }
}
