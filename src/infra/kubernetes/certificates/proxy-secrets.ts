import { setImmediate } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '../../../util/error-message.ts';
import type { Log } from '../../../util/log.ts';
import type { KubeClient } from '../../../kube/client.ts';
import { isConflict, isNotFound } from '../../../kube/kube-error.ts';
import { keyOfObject } from '../../../kube/object.ts';
import { Reflector } from '../../../kube/reflector.ts';
import type { NamespaceScope } from '../../../kube/reflector-state.ts';
import type { Timing } from '../../../kube/timing.ts';
import { createObject, deleteObject, getObject, replaceObject } from '../../../kube/verbs.ts';
import { SECRETS } from '../../../kube/well-known.ts';
import { proxySecret, proxySecretDue, proxySecretFault, type ProxyCertificate, type ProxySecretOptions } from './proxy-secret.ts';
import type { Authorities } from './rotation.ts';
import { CERTIFICATE_LABEL, isOurs, type Secret } from './secret.ts';

/** What is due with a Secret. */
interface Task {
  readonly key: string;
  readonly kind: 'create' | 'change' | 'remove';
  readonly run: () => Promise<void>;
}

/** A Secret that was found to be good, for whom, and until when (ms since 1970). */
interface Judgement {
  readonly proxy: ProxyCertificate;
  readonly authorities: Authorities;
  readonly until: number;
}

/** Secrets that are judged before others may run: one costs about 0.4 ms. */
const JUDGED_AT_ONCE = 25;
/** Secrets that are written at the same time. */
const WRITERS = 8;

export interface ProxySecretsOptions {
  readonly client: KubeClient;
  /** On every Secret of this controller's proxies, and on no other's. */
  readonly labels: Readonly<Record<string, string>>;
  /** Where the proxies' Secrets may be. */
  readonly namespaces: NamespaceScope;
  readonly log: Log;
  readonly timing: Timing;
  /** A Secret changed. */
  readonly onChange: () => void;
}

/** How it stands with the proxies' Secrets. */
export interface ProxySecretsState {
  /** Whether all were as they should be, but for those that did not exist or that nobody wants. */
  readonly settled: boolean;
  /** How many could not be written or deleted. */
  readonly failed: number;
  /** When the next one has to be renewed, milliseconds since 1970. */
  readonly due: number;
}

/** The proxies' Secrets, followed and written from when this controller may write until it may no longer. */
export class ProxySecrets {
  readonly #options: ProxySecretsOptions;
  readonly #reflector: Reflector;
  readonly #abort = new AbortController();
  readonly #known = new Map<string, Secret>();
  readonly #judgements = new WeakMap<Secret, Judgement>();
  /** What was said last of a Secret that cannot be written. */
  readonly #complaints = new Map<string, string>();

  constructor(options: ProxySecretsOptions) {
    this.#options = options;
    const { client, labels, namespaces, log, timing } = options;
    this.#reflector = new Reflector({
      client,
      resource: SECRETS,
      namespaces,
      labelSelector: Object.entries({ ...labels, [CERTIFICATE_LABEL]: 'proxy' }).map(([key, value]) => `${key}=${value}`).join(','),
      log,
      timing,
      onChange: ({ set, deleted }) => {
        for (const secret of set) this.#known.set(keyOfObject(secret), secret);
        for (const key of deleted) this.#known.delete(key);
        options.onChange();
      },
    });
    this.#reflector.start();
  }

  /** Aborted once this controller may write no longer. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Stops at once: requests in flight are given up. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#reflector.stop();
  }

  /** Writes what is missing or not good any more, deletes what nobody wants. Does not reject: what fails is logged and counted. */
  async keep(wanted: ReadonlyMap<string, ProxyCertificate>, given: Omit<ProxySecretOptions, 'labels'>): Promise<ProxySecretsState> {
    const options = { ...given, labels: this.#options.labels };
    await this.#reflector.whenSynced();
    const tasks = await this.#tasks(wanted, options);
    for (const key of this.#complaints.keys()) {
      if (!tasks.some((task) => task.key === key)) this.#complaints.delete(key);
    }
    const failed = await this.#all(tasks);
    if (this.#abort.signal.aborted) return { settled: false, failed, due: Number.POSITIVE_INFINITY };
    let due = Number.POSITIVE_INFINITY;
    for (const key of wanted.keys()) {
      const secret = this.#known.get(key);
      if (secret !== undefined && !this.#complaints.has(key)) due = Math.min(due, proxySecretDue(secret, options.authorities));
    }
    return { settled: failed === 0 && tasks.every(({ kind }) => kind !== 'change'), failed, due };
  }

  async #tasks(wanted: ReadonlyMap<string, ProxyCertificate>, options: ProxySecretOptions): Promise<Task[]> {
    const tasks: Task[] = [];
    let judged = 0;
    for (const [key, proxy] of wanted) {
      const secret = this.#known.get(key);
      if (secret === undefined) {
        tasks.push({ key, kind: 'create', run: () => this.#write(key, proxy, { ...options, reason: 'it does not exist' }) });
      } else if (!this.#isKnownAsGood(secret, proxy, options)) {
        if (judged++ % JUDGED_AT_ONCE === 0) await setImmediate();
        const fault = proxySecretFault(secret, proxy, options);
        if (fault === undefined) this.#judgements.set(secret, { proxy, authorities: options.authorities, until: proxySecretDue(secret, options.authorities) });
        else tasks.push({ key, kind: 'change', run: () => this.#write(key, proxy, { ...options, reason: fault }) });
      }
    }
    for (const [key, secret] of this.#known) {
      if (!wanted.has(key)) tasks.push({ key, kind: 'remove', run: () => this.#remove(key, secret) });
    }
    return tasks;
  }

  #isKnownAsGood(secret: Secret, proxy: ProxyCertificate, { authorities, now }: ProxySecretOptions): boolean {
    const judgement = this.#judgements.get(secret);
    return judgement?.authorities === authorities && now < judgement.until && isDeepStrictEqual(judgement.proxy, proxy);
  }

  /** Runs the tasks, some at a time; returns how many failed. */
  async #all(tasks: readonly Task[]): Promise<number> {
    let failed = 0;
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let task = tasks[next++]; task !== undefined && !this.#abort.signal.aborted; task = tasks[next++]) {
        try {
          await task.run();
          this.#complaints.delete(task.key);
        } catch (error) {
          failed++;
          this.#complain(task.key, error);
        }
      }
    };
    await Promise.all(Array.from({ length: WRITERS }, worker));
    return failed;
  }

  async #write(key: string, proxy: ProxyCertificate, { reason, ...options }: ProxySecretOptions & { readonly reason: string }): Promise<void> {
    const { client, log } = this.#options;
    const { signal } = this.#abort;
    const known = this.#known.get(key);
    const wanted = await proxySecret(known, proxy, options);
    if (known === undefined) this.#known.set(key, await this.#create(wanted));
    else this.#known.set(key, await replaceObject(client, SECRETS, wanted, { signal }));
    log.info({ secret: key, proxy: proxy.id, reason }, "certificates: a proxy's Secret was written");
  }

  /** Never overwrites a Secret that somebody else made. One of ours of which the watch has not told yet is taken as it is. */
  async #create(secret: Secret): Promise<Secret> {
    const { client } = this.#options;
    const { signal } = this.#abort;
    try {
      return await createObject(client, SECRETS, secret, { signal });
    } catch (error) {
      if (!isConflict(error)) throw error;
      const found: Secret = await getObject(client, SECRETS, secret.metadata, { signal });
      if (isOurs(found, 'proxy')) return found;
      throw new Error('there is a Secret of this name that is not ours', { cause: error });
    }
  }

  async #remove(key: string, { metadata }: Secret): Promise<void> {
    const { client, log } = this.#options;
    try {
      await deleteObject(client, SECRETS, metadata, { uid: metadata.uid, signal: this.#abort.signal });
      log.info({ secret: key }, 'certificates: a Secret that no proxy needs was deleted');
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    this.#known.delete(key);
  }

  #complain(key: string, error: unknown): void {
    if (this.#abort.signal.aborted) return;
    const reason = messageOf(error);
    if (this.#complaints.get(key) !== reason) this.#options.log.warn({ secret: key, reason }, "certificates: a proxy's Secret cannot be written");
    this.#complaints.set(key, reason);
  }
}
