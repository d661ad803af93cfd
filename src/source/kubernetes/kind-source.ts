import type { Kind } from '../../api/kinds.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { Discovery } from '../../kube/discovery.ts';
import { keyOfObject } from '../../kube/object.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { NamespaceScope, ReflectorChanges, ReflectorState } from '../../kube/reflector-state.ts';
import { Reflector } from '../../kube/reflector.ts';
import type { Timing } from '../../kube/timing.ts';
import type { Log } from '../../util/log.ts';
import type { Batch } from './batch.ts';
import type { ObservedObject } from './changes.ts';
import { locateKind } from './kind-resource.ts';
import { ObjectTable } from './object-table.ts';
import type { Decode } from './object-table.ts';

export interface KindSourceOptions {
  readonly kind: Kind;
  readonly client: KubeClient;
  readonly discovery: Discovery;
  readonly namespaces: NamespaceScope;
  readonly decode: Decode;
  readonly batch: Batch;
  /** Something is in the batch. */
  readonly onBatch: () => void;
  /** Status or resource version of an object changed, or it went. */
  readonly onObserved: (key: string) => void;
  readonly onState: (namespace: string, state: ReflectorState) => void;
  readonly log: Log;
  readonly timing: Timing;
}

/** How long objects are decoded without letting others run, in milliseconds. */
const SLICE_MS = 10;

/**
 * What is not even fetched. Helm keeps whole releases in Secrets, and every namespace has its copy of the cluster's CA: none of them
 * is ever named by a Gateway.
 */
const FIELD_SELECTORS: Readonly<Record<string, string>> = {
  Secret: ['helm.sh/release.v1', 'kubernetes.io/service-account-token', 'bootstrap.kubernetes.io/token'].map((type) => `type!=${type}`).join(','),
  ConfigMap: 'metadata.name!=kube-root-ca.crt',
};

/** Objects of one kind, from the API server into the batch. */
export class KindSource {
  readonly #options: KindSourceOptions;
  readonly #table: ObjectTable;
  readonly #reflector: Reflector;
  /** Changes are taken one after the other, however long decoding one of them takes. */
  #tail: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: KindSourceOptions) {
    const { kind, client, discovery, namespaces, decode, onState, log, timing } = options;
    this.#options = options;
    this.#table = new ObjectTable(kind, { decode, observes: kind.custom });
    this.#reflector = new Reflector({
      client,
      resource: { kind: kind.kind, namespaced: kind.namespaced, locate: () => locateKind(kind, discovery) },
      namespaces,
      fieldSelector: FIELD_SELECTORS[kind.kind],
      onChange: (changes) => this.#enqueue(changes),
      onState,
      log,
      timing,
    });
  }

  start(): void {
    this.#reflector.start();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#reflector.stop();
    await this.#tail;
  }

  setNamespaces(namespaces: NamespaceScope): void {
    this.#reflector.setNamespaces(namespaces);
  }

  get synced(): boolean {
    return this.#reflector.synced;
  }

  /** Resolves when everything of the first lists is in the batch or was taken from it. */
  async whenSynced(): Promise<void> {
    await this.#reflector.whenSynced();
    await this.#tail;
  }

  /** The state of each scope, by namespace; '' is all of them. */
  get states(): ReadonlyMap<string, ReflectorState> {
    return this.#reflector.states;
  }

  get size(): number {
    return this.#table.size;
  }

  observed(key: string): ObservedObject | undefined {
    return this.#table.observed(key);
  }

  #enqueue(changes: ReflectorChanges<KubeObject>): Promise<void> {
    this.#tail = this.#tail.then(() => this.#take(changes));
    return this.#tail;
  }

  async #take({ set, deleted }: ReflectorChanges<KubeObject>): Promise<void> {
    let sliceEnd = performance.now() + SLICE_MS;
    for (const key of deleted) this.#delete(key);
    for (const object of set) {
      if (this.#stopped) return;
      this.#set(object);
      if (performance.now() < sliceEnd) continue;
      await new Promise(setImmediate);
      sliceEnd = performance.now() + SLICE_MS;
    }
  }

  #set(object: KubeObject): void {
    const { kind, batch, onBatch, onObserved } = this.#options;
    const key = keyOfObject(object);
    const { resource, existed, problems } = this.#table.set(key, object);
    if (resource !== undefined) batch.set(kind.kind, key, { resource, existed });
    if (problems !== undefined) batch.setProblems(kind.kind, key, problems);
    if (resource !== undefined || problems !== undefined) onBatch();
    if (kind.custom) onObserved(key);
  }

  #delete(key: string): void {
    const { kind, batch, onBatch, onObserved } = this.#options;
    const { existed, hadProblems } = this.#table.delete(key);
    if (existed) batch.set(kind.kind, key, { resource: undefined, existed });
    if (hadProblems) batch.setProblems(kind.kind, key, []);
    if (existed || hadProblems) onBatch();
    if (kind.custom) onObserved(key);
  }
}
