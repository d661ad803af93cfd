import { decode as decodeObject } from '../../api/decode.ts';
import { kindNamed } from '../../api/kinds.ts';
import type { KindName } from '../../api/kinds.ts';
import type { KubeClient } from '../../kube/client.ts';
import { Discovery } from '../../kube/discovery.ts';
import { Reflector } from '../../kube/reflector.ts';
import type { NamespaceScope, ReflectorState } from '../../kube/reflector-state.ts';
import { systemTiming } from '../../kube/timing.ts';
import type { Timing } from '../../kube/timing.ts';
import { NAMESPACES } from '../../kube/well-known.ts';
import type { Log } from '../../util/log.ts';
import { ApiServerLog } from './api-server-log.ts';
import { Batch } from './batch.ts';
import type { KubernetesChanges, ObservedObject } from './changes.ts';
import { KindSource } from './kind-source.ts';
import type { Decode } from './object-table.ts';

/** Which namespaces are looked at: all, these, or those whose labels fit a selector as `kubectl -l` takes it. */
export type WatchedNamespaces = NamespaceScope | { readonly labelSelector: string };

export interface KubernetesSourceOptions {
  readonly client: KubeClient;
  readonly kinds: readonly KindName[];
  /** For all namespaced kinds; all unless given. Given by name, nothing but namespaced requests is made for them, so Roles suffice. */
  readonly namespaces?: WatchedNamespaces;
  /** Kinds that are looked for in fewer namespaces from the start on; `setScope` changes it. */
  readonly scopes?: ReadonlyMap<KindName, NamespaceScope>;
  /** Hears of each change as a whole, synchronously. Not called when nothing changed. */
  readonly onChange: (changes: KubernetesChanges) => void;
  /** Status or resource version of an object of a custom kind changed, or it went: `observed` has the latest. */
  readonly onObserved?: (kind: KindName, key: string) => void;
  /** `synced` or a state changed. */
  readonly onState?: () => void;
  readonly decode?: Decode;
  readonly log: Log;
  readonly timing?: Timing;
}

/** How one kind fares in one scope. */
export interface KindState {
  readonly kind: KindName;
  /** '' is all namespaces. */
  readonly namespace: string;
  readonly state: ReflectorState;
}

/**
 * Resources from a Kubernetes API server, kept in step with it.
 *
 *     API server ─► Reflector ─► ObjectTable ─► Batch ─► onChange          one Reflector and one ObjectTable for each kind
 *                                     └─► observed: status, resourceVersion
 *
 * All that one turn of the event loop brings is one change.
 */
export class KubernetesSource {
  readonly #options: KubernetesSourceOptions;
  readonly #batch = new Batch();
  readonly #kinds = new Map<KindName, KindSource>();
  /** What `setScope` asked for; the other namespaced kinds follow the watched namespaces. */
  readonly #scopes: Map<KindName, NamespaceScope>;
  readonly #selected: Reflector | undefined;
  readonly #selectedNames = new Set<string>();
  readonly #serverLog: ApiServerLog;
  #turn: NodeJS.Immediate | undefined;
  #stopped = false;

  constructor(options: KubernetesSourceOptions) {
    const { client, kinds, namespaces = 'all', scopes = new Map(), log, timing = systemTiming, decode = decodeObject } = options;
    this.#options = options;
    this.#scopes = new Map(scopes);
    this.#serverLog = new ApiServerLog(log, timing);
    const discovery = new Discovery({ client, now: () => timing.now() });
    if (isSelector(namespaces)) this.#selected = this.#follow(namespaces.labelSelector, timing);
    for (const name of new Set(kinds)) {
      this.#kinds.set(name, new KindSource({
        kind: kindNamed(name),
        client,
        discovery,
        namespaces: this.#scopeOf(name),
        decode,
        batch: this.#batch,
        onBatch: () => this.#schedule(),
        onObserved: (key) => options.onObserved?.(name, key),
        onState: (namespace, state) => this.#onState(name, namespace, state),
        log,
        timing,
      }));
    }
  }

  /** Begins to watch. Resolves when `synced` holds for the first time and `onChange` has heard of all there is, or after `stop`. */
  async start(): Promise<void> {
    this.#selected?.start();
    for (const kind of this.#kinds.values()) kind.start();
    await this.whenSynced();
  }

  /** Resolves when `synced` holds and `onChange` has heard of all there is, or after `stop`. */
  async whenSynced(): Promise<void> {
    do {
      await this.#selected?.whenSynced();
      for (const kind of this.#kinds.values()) await kind.whenSynced();
    } while (!this.synced && !this.#stopped);
    if (this.#stopped) return;
    this.#publish();
  }

  /** Whether each kind was read once in each scope that counts for it, or is known to be absent or denied. */
  get synced(): boolean {
    return this.#selected?.synced !== false && [...this.#kinds.values()].every((kind) => kind.synced);
  }

  /** Kinds that are not read yet. */
  get unsynced(): readonly KindName[] {
    return [...this.#kinds].filter(([, kind]) => !kind.synced).map(([name]) => name);
  }

  /** How each kind fares in each scope. */
  get states(): readonly KindState[] {
    return [...this.#kinds].flatMap(([kind, source]) => [...source.states].map(([namespace, state]) => ({ kind, namespace, state })));
  }

  /** What the API server has of an object of a custom kind. */
  observed(kind: string, key: string): ObservedObject | undefined {
    return this.#kinds.get(kind as KindName)?.observed(key);
  }

  /**
   * Looks for a kind in these namespaces only, or wherever the options say ('all'). With a list of watched namespaces, others are left out:
   * nobody may read there. Objects that are no longer looked for are told as deleted.
   */
  setScope(kind: KindName, scope: NamespaceScope): void {
    if (scope === 'all') this.#scopes.delete(kind);
    else this.#scopes.set(kind, scope);
    this.#adjust(kind);
  }

  #adjust(name: KindName): void {
    const kind = this.#kinds.get(name);
    kind?.setNamespaces(this.#scopeOf(name));
    this.#serverLog.forget((watch) => watch.startsWith(`${name}/`) && kind?.states.has(watch.slice(name.length + 1)) !== true);
  }

  /** Stops watching. `onChange` is not called again. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearImmediate(this.#turn);
    await Promise.all([this.#selected?.stop(), ...[...this.#kinds.values()].map((kind) => kind.stop())]);
  }

  #follow(labelSelector: string, timing: Timing): Reflector {
    const { client, log } = this.#options;
    return new Reflector({
      client,
      resource: NAMESPACES,
      labelSelector,
      onChange: ({ set, deleted }) => {
        for (const { metadata } of set) this.#selectedNames.add(metadata.name);
        for (const name of deleted) this.#selectedNames.delete(name);
        for (const name of this.#kinds.keys()) this.#adjust(name);
      },
      log,
      timing,
    });
  }

  #scopeOf(kind: KindName): NamespaceScope {
    const { namespaces = 'all' } = this.#options;
    const watched = isSelector(namespaces) ? [...this.#selectedNames].sort() : namespaces;
    const narrower = this.#scopes.get(kind) ?? 'all';
    if (watched === 'all' || narrower === 'all') return watched === 'all' ? narrower : watched;
    return narrower.filter((namespace) => watched.includes(namespace));
  }

  #onState(kind: KindName, namespace: string, state: ReflectorState): void {
    this.#serverLog.note(`${kind}/${namespace}`, state);
    this.#options.onState?.();
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#turn ??= setImmediate(() => this.#publish());
  }

  #publish(): void {
    clearImmediate(this.#turn);
    this.#turn = undefined;
    if (this.#batch.isEmpty) return;
    const changes = this.#batch.take();
    if (changes.set.length + changes.deleted.length + changes.problems.size > 0) this.#options.onChange(changes);
  }
}

function isSelector(namespaces: WatchedNamespaces): namespaces is { readonly labelSelector: string } {
  return typeof namespaces === 'object' && 'labelSelector' in namespaces;
}
