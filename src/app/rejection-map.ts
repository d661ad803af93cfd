import type { Remembered } from './rejection-file.ts';
import type { KubeClient } from '../kube/client.ts';
import { isNotFound } from '../kube/kube-error.ts';
import type { KubeObject } from '../kube/object.ts';
import { Reflector } from '../kube/reflector.ts';
import { applyObject, mergePatch } from '../kube/verbs.ts';
import { CONFIG_MAPS } from '../kube/well-known.ts';
import { messageOf } from '../util/error-message.ts';
import { contentHash } from '../util/hash.ts';
import type { Log } from '../util/log.ts';
import type { Withdrawn } from '../xds/server/rejections.ts';

/** Name of the ConfigMap in the controller's namespace. */
export const rejectionMapName = 'moongate-rejections';
/** A ConfigMap may have 1 MiB; Envoy's words are cut to fit many entries. */
const maxMessageLength = 2_000;
const maxEntries = 200;

export interface RejectionMapOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly log: Log;
  /** What replicas have found out, this one included. Entries about other versions of an object than the present one mean nothing. */
  readonly onRemembered: (remembered: readonly Remembered[]) => void;
}

/**
 * What Envoys refused, shared by the replicas and kept over their restarts. An Envoy tells only the replica that it is connected to; the one
 * that writes statuses has to know, and one that starts beside running Envoys would send them the bad object again.
 *
 *     data:
 *       5f1c…: {"owner":"HTTPRoute/default/a","version":"…","message":"…"}     key: hash of owner
 */
export class RejectionMap {
  readonly #options: RejectionMapOptions;
  readonly #reflector: Reflector;
  /** What the ConfigMap has, by its keys. */
  #stored: ReadonlyMap<string, Remembered> = new Map();
  #wanted: ReadonlyMap<string, Remembered> = new Map();
  /** Keys that this replica has put there, or taken note of: only they are ever removed. */
  readonly #known = new Set<string>();
  #writing: Promise<void> | undefined;
  #dirty = false;
  #stopped = false;

  constructor(options: RejectionMapOptions) {
    const { client, namespace, log } = options;
    this.#options = options;
    this.#reflector = new Reflector({
      client,
      resource: CONFIG_MAPS,
      namespaces: [namespace],
      fieldSelector: `metadata.name=${rejectionMapName}`,
      log,
      onChange: ({ set, deleted }) => this.#onStored(set[0], deleted.length > 0),
    });
  }

  /** Resolves once what other replicas, or earlier processes, have found out is known. */
  async start(): Promise<void> {
    this.#reflector.start();
    await this.#reflector.whenSynced();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#reflector.stop();
    await this.#writing;
  }

  /** What is withdrawn here. Provisional entries are for this process alone. */
  write(withdrawn: Iterable<Withdrawn>): void {
    const certain = [...withdrawn].filter(({ provisional }) => !provisional).slice(0, maxEntries);
    this.#wanted = new Map(certain.map(({ owner, version, message }) => [contentHash(owner), { owner, version, message: message.slice(0, maxMessageLength) }]));
    for (const key of this.#wanted.keys()) this.#known.add(key);
    this.#dirty = true;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  #onStored(object: KubeObject | undefined, gone: boolean): void {
    if (object === undefined && !gone) return;
    this.#stored = object === undefined ? new Map() : entriesOf(object);
    for (const key of this.#stored.keys()) this.#known.add(key);
    this.#options.onRemembered([...this.#stored.values()]);
  }

  async #writeAll(): Promise<void> {
    while (this.#dirty && !this.#stopped) {
      this.#dirty = false;
      const data: Record<string, string | null> = {};
      for (const [key, entry] of this.#wanted) if (this.#stored.get(key)?.version !== entry.version) data[key] = JSON.stringify(entry);
      for (const key of this.#known) if (!this.#wanted.has(key) && this.#stored.has(key)) data[key] = null;
      if (Object.keys(data).length === 0) continue;
      try {
        await this.#patch(data);
      } catch (error) {
        // The next refusal writes everything again; until then only other replicas know less.
        this.#options.log.warn({ configMap: rejectionMapName, reason: messageOf(error) }, 'cannot keep in mind what Envoy refused');
      }
    }
  }

  async #patch(data: Readonly<Record<string, string | null>>): Promise<void> {
    const { client, namespace } = this.#options;
    const name = { namespace, name: rejectionMapName };
    try {
      await mergePatch(client, CONFIG_MAPS, name, { data });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      await applyObject(client, CONFIG_MAPS, { metadata: { ...name, labels: { 'app.kubernetes.io/managed-by': 'moongate' } } }, { fieldManager: 'moongate' });
      await mergePatch(client, CONFIG_MAPS, name, { data });
    }
  }
}

function entriesOf({ data }: KubeObject): ReadonlyMap<string, Remembered> {
  const entries = Object.entries((data ?? {}) as Readonly<Record<string, string>>);
  return new Map(entries.flatMap(([key, text]): [string, Remembered][] => {
    const entry = parse(text);
    return entry === undefined ? [] : [[key, entry]];
  }));
}

function parse(text: string): Remembered | undefined {
  try {
    const { owner, version, message } = JSON.parse(text) as Partial<Record<keyof Remembered, unknown>>;
    return typeof owner === 'string' && typeof version === 'string' && typeof message === 'string' ? { owner, version, message } : undefined;
  } catch {
    return undefined;
  }
}
