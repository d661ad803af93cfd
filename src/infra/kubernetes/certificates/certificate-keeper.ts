import { messageOf } from '../../../util/error-message.ts';
import type { Log } from '../../../util/log.ts';
import { backOffDelay, type BackOff } from '../../../kube/back-off.ts';
import type { KubeClient } from '../../../kube/client.ts';
import type { NamespaceScope } from '../../../kube/reflector-state.ts';
import { systemTiming, type Timing } from '../../../kube/timing.ts';
import { instanceLabel } from '../labels.ts';
import { labelValue } from '../names.ts';
import { AuthorityKeeper } from './authority-keeper.ts';
import type { KeyPair } from './issue.ts';
import { goodLeaf, leafDue, type LeafNames } from './leaf.ts';
import type { ProxyCertificate } from './proxy-secret.ts';
import { ProxySecrets } from './proxy-secrets.ts';
import type { Authorities } from './rotation.ts';

/** The Secret with the authorities, unless another name is given. */
export const AUTHORITY_SECRET = 'moongate-ca';
/** A kubelet refreshes a mounted Secret within two minutes or so. */
export const SETTLE_MS = 10 * 60_000;
/** Clocks may jump, so what is due is looked up at least this often (ms). */
const LOOK_MS = 3_600_000;
const backOff: BackOff = { firstMs: 500, maxMs: 60_000 };

/** What the xDS server needs. All PEM. */
export interface ServerCertificate extends KeyPair {
  /** The authorities of those who may connect. */
  readonly ca: string;
}

export interface CertificateKeeperOptions {
  readonly client: KubeClient;
  /** The controller's namespace: the authorities' Secret is there, and Secrets of proxies are marked with it. */
  readonly namespace: string;
  /** Default AUTHORITY_SECRET. */
  readonly secretName?: string;
  /** DNS names in the server's certificate. */
  readonly serverNames: readonly string[];
  /** Where Secrets of proxies may be. */
  readonly proxyNamespaces: NamespaceScope;
  /** Hears of the server's first certificate and of each that takes its place. */
  readonly onServerTls: (tls: ServerCertificate) => void;
  readonly log: Log;
  /** How long (ms) everything has to have been up to date before a rotation goes on; default SETTLE_MS. */
  readonly settleMs?: number;
  /** Milliseconds since 1970; default Date.now. */
  readonly now?: () => number;
  readonly timing?: Timing;
}

/**
 * Keeps the certificates of xDS:
 *
 *     Secret of the authorities ──► every replica: a server certificate of its own, in memory
 *              ▲      │
 *      creates, rotates                          (the replica that may write)
 *              │      ▼
 *              └── writer ──► a Secret for each proxy: its client certificate, and what it may trust
 */
export class CertificateKeeper {
  readonly #options: CertificateKeeperOptions & { readonly now: () => number; readonly timing: Timing };
  readonly #names: LeafNames;
  readonly #authority: AuthorityKeeper;
  readonly #stop = new AbortController();
  #wake = new AbortController();
  #running: Promise<void> | undefined;
  #wanted: ReadonlyMap<string, ProxyCertificate> | undefined;
  #proxies: ProxySecrets | undefined;
  readonly #ending = new Set<Promise<void>>();
  #server: ServerCertificate | undefined;
  /** When something was last seen that a rotation has to wait for. */
  #unsettledAt = 0;
  #failures = 0;
  /** When to try again what failed, by the steady clock. */
  #retryAt = 0;

  constructor(options: CertificateKeeperOptions) {
    const { client, namespace, secretName = AUTHORITY_SECRET, log, settleMs = SETTLE_MS, now = Date.now, timing = systemTiming } = options;
    this.#options = { ...options, now, timing };
    this.#names = { dnsNames: options.serverNames, usage: 'server' };
    this.#authority = new AuthorityKeeper({ client, namespace, name: secretName, log, timing, now, settleMs, onChange: () => this.#poke() });
  }

  start(): void {
    if (this.#running !== undefined || this.#stop.signal.aborted) return;
    this.#authority.start();
    this.#running = this.#run();
  }

  /** Ends everything; nothing is written or told afterwards. What is in the cluster stays. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.setWriting(false);
    await Promise.all([this.#authority.stop(), ...this.#ending]);
    await this.#running;
  }

  /** Whether this replica may write. Nothing is begun after `false`, and what is under way is given up. */
  setWriting(on: boolean): void {
    if (on === (this.#proxies !== undefined) || (on && this.#stop.signal.aborted)) return;
    if (on) {
      const { client, namespace, proxyNamespaces, log, timing, now } = this.#options;
      this.#unsettledAt = now();
      this.#proxies = new ProxySecrets({ client, labels: { [instanceLabel]: labelValue(namespace) }, namespaces: proxyNamespaces, log, timing, onChange: () => this.#poke() });
    } else if (this.#proxies !== undefined) {
      const ended = this.#proxies.stop().finally(() => this.#ending.delete(ended));
      this.#ending.add(ended);
      this.#proxies = undefined;
    }
    this.#poke();
  }

  /** The proxies that are to have certificates. Secrets of others are deleted, so nothing may be said before all proxies are known. */
  want(proxies: Iterable<ProxyCertificate>): void {
    this.#wanted = new Map([...proxies].map((proxy) => [`${proxy.namespace}/${proxy.name}`, proxy]));
    this.#poke();
  }

  #poke(): void {
    this.#wake.abort();
  }

  async #run(): Promise<void> {
    const { log, timing } = this.#options;
    const { signal } = this.#stop;
    await this.#authority.whenSynced();
    while (!signal.aborted) {
      this.#wake = new AbortController();
      const writer = this.#proxies;
      let ms: number;
      try {
        ms = await this.#round();
      } catch (error) {
        if (signal.aborted) return;
        if (writer?.signal.aborted === true) continue;
        log.warn({ reason: messageOf(error) }, 'certificates: something cannot be read or written, it is tried again');
        ms = this.#backOff();
      }
      if (ms > 0) await timing.sleep(Math.min(ms, LOOK_MS), AbortSignal.any([signal, this.#wake.signal]));
    }
  }

  /** Does what is due; resolves to how long (ms) there is nothing more to do if nothing happens. */
  async #round(): Promise<number> {
    const { now } = this.#options;
    const { signal } = this.#stop;
    const proxies = this.#proxies;
    // The server's certificate first: it needs no API server.
    if (this.#authority.authorities !== undefined) await this.#serve(this.#authority.authorities);
    if (proxies !== undefined) await this.#authority.ensure(proxies.signal);
    const { authorities } = this.#authority;
    if (authorities === undefined) return LOOK_MS;
    const renewal = await this.#serve(authorities);
    if (proxies === undefined || signal.aborted) return renewal - now();
    if (this.#wanted === undefined) {
      this.#unsettledAt = now();
      return renewal - now();
    }
    const state = await proxies.keep(this.#wanted, { authorities, now: now() });
    if (!state.settled) this.#unsettledAt = now();
    if (await this.#authority.advance(this.#unsettledAt, proxies.signal)) return 0;
    if (state.failed > 0) return this.#backOff();
    this.#failures = 0;
    return Math.min(renewal, state.due, this.#authority.due(this.#unsettledAt)) - now();
  }

  /** Sees to it that the server has a good certificate; resolves to when that has to be renewed. */
  async #serve(authorities: Authorities): Promise<number> {
    const { now, onServerTls } = this.#options;
    const before = this.#server;
    const { cert, key } = await goodLeaf(before, this.#names, { authority: authorities.current, now: now() });
    if (before === undefined || before.cert !== cert || before.ca !== authorities.trusted) {
      const made = { ca: authorities.trusted, cert, key };
      if (!this.#stop.signal.aborted) onServerTls(made);
      this.#server = made;
    }
    return leafDue(cert, authorities.current);
  }

  /** How long (ms) to wait before what failed is tried again. An attempt that something else caused in between changes nothing about that. */
  #backOff(): number {
    const { timing } = this.#options;
    const now = timing.now();
    if (this.#failures === 0 || now >= this.#retryAt) {
      this.#failures++;
      this.#retryAt = now + backOffDelay(backOff, this.#failures, timing.random());
    }
    return this.#retryAt - now;
  }
}
