import type { Log } from '../util/log.ts';
import type { KubeClient } from './client.ts';
import type { KubeObject } from './object.ts';
import type { NamespaceScope, ReflectorChanges, ReflectorState } from './reflector-state.ts';
import type { KubeResource } from './resource.ts';
import { ScopeReflector } from './scope-reflector.ts';
import type { Locate } from './scope-reflector.ts';
import { systemTiming } from './timing.ts';
import type { Timing } from './timing.ts';

export interface ReflectorOptions {
  readonly client: KubeClient;
  /** The resource, or how to find the version of it that is served. */
  readonly resource: KubeResource | { readonly kind: string; readonly namespaced: boolean; readonly locate: Locate };
  /** All unless given. Means nothing to a resource that is not namespaced. */
  readonly namespaces?: NamespaceScope;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Hears of differences, objects by reference and without managedFields. While its promise is pending nothing more is read in that scope. */
  readonly onChange: (changes: ReflectorChanges<KubeObject>) => void | Promise<void>;
  /** Hears that the state of a scope (a namespace, or '' for all) changed. */
  readonly onState?: (scope: string, state: ReflectorState) => void;
  readonly log: Log;
  readonly timing?: Timing;
}

/** A scope's reflector and its end. */
interface Running {
  readonly reflector: ScopeReflector;
  readonly done: Promise<void>;
}

/**
 * Follows one resource in one or several namespaces or in all of them, for as long as it runs: what was heard by `onChange` is, in the end,
 * what the API server has. Keeps of each object only its key and version. Namespaces may come and go while it runs.
 */
export class Reflector {
  readonly #options: ReflectorOptions;
  readonly #timing: Timing;
  /** By namespace; '' is all of them. */
  readonly #scopes = new Map<string, Running>();
  readonly #ending = new Set<Promise<void>>();
  #started = false;
  #stopped = false;
  #wanted: readonly string[];
  #waiters: (() => void)[] = [];

  constructor(options: ReflectorOptions) {
    this.#options = options;
    this.#timing = options.timing ?? systemTiming;
    this.#wanted = this.#scopesOf(options.namespaces ?? 'all');
  }

  start(): void {
    if (this.#started || this.#stopped) return;
    this.#started = true;
    this.#adjust();
  }

  /** Stops all watches. `onChange` is not called again. Resolves when nothing is left running. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const scope of this.#scopes.keys()) this.#end(scope);
    await Promise.all(this.#ending);
    this.#wake();
  }

  /** Looks in these namespaces from here on. Others are not read again; objects in namespaces that left are told as deleted. */
  setNamespaces(namespaces: NamespaceScope): void {
    this.#wanted = this.#scopesOf(namespaces);
    if (this.#started && !this.#stopped) this.#adjust();
  }

  /** Whether each scope was read once, or is known to have nothing that may be read. */
  get synced(): boolean {
    return this.#started && this.#wanted.every((scope) => this.#scopes.get(scope)?.reflector.synced === true);
  }

  /** Resolves when `synced` holds, or after `stop`. */
  async whenSynced(): Promise<void> {
    while (!this.synced && !this.#stopped) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  /** The state of each scope, by namespace; '' is all of them. */
  get states(): ReadonlyMap<string, ReflectorState> {
    return new Map([...this.#scopes].map(([scope, { reflector }]) => [scope, reflector.state]));
  }

  #scopesOf(namespaces: NamespaceScope): readonly string[] {
    return namespaces === 'all' || !this.#options.resource.namespaced ? [''] : [...new Set(namespaces)];
  }

  #adjust(): void {
    const wanted = new Set(this.#wanted);
    const orphans = new Map<string, string>();
    for (const [scope, { reflector }] of this.#scopes) {
      if (wanted.has(scope)) continue;
      for (const [key, version] of reflector.known) orphans.set(key, version);
      this.#end(scope);
    }
    for (const scope of wanted) {
      if (!this.#scopes.has(scope)) this.#begin(scope, take(orphans, scope));
    }
    if (orphans.size > 0) void this.#options.onChange({ set: [], deleted: [...orphans.keys()] });
    this.#wake();
  }

  #begin(scope: string, known: ReadonlyMap<string, string>): void {
    const { client, resource, labelSelector, fieldSelector, onChange, log } = this.#options;
    const reflector = new ScopeReflector({
      client,
      locate: 'locate' in resource ? resource.locate : () => Promise.resolve({ resource, served: true }),
      namespace: scope === '' ? undefined : scope,
      labelSelector,
      fieldSelector,
      known,
      onChange,
      onState: (state) => this.#onState(scope, state),
      onSynced: () => this.#wake(),
      onBug: (error) => log.error({ err: error, kind: resource.kind }, `a bug in what follows ${resource.kind} objects`),
      timing: this.#timing,
    });
    this.#scopes.set(scope, { reflector, done: reflector.run() });
  }

  #end(scope: string): void {
    const running = this.#scopes.get(scope);
    if (running === undefined) return;
    this.#scopes.delete(scope);
    running.reflector.stop();
    const ended = running.done.finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }

  #onState(scope: string, state: ReflectorState): void {
    const { log, resource, onState } = this.#options;
    const fields = { kind: resource.kind, ...(scope === '' ? {} : { namespace: scope }) };
    if (state.kind === 'denied') log.error({ ...fields, reason: state.message }, `not allowed to list and watch ${resource.kind} objects; the rest works`);
    else log.debug({ ...fields, ...('message' in state ? { reason: state.message } : {}) }, `${resource.kind} objects: ${state.kind}`);
    onState?.(scope, state);
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}

/** Moves the keys of a namespace ('': all) out of a map. */
function take(orphans: Map<string, string>, namespace: string): ReadonlyMap<string, string> {
  const taken = new Map([...orphans].filter(([key]) => namespace === '' || key.startsWith(`${namespace}/`)));
  for (const key of taken.keys()) orphans.delete(key);
  return taken;
}
