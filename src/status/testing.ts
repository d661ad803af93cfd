import { KubeError } from '../kube/kube-error.ts';
import type { Timing } from '../kube/timing.ts';
import { fieldsOf } from './plan/fields.ts';
import type { StatusApi } from './status-api.ts';
import type { ObservedStatus } from './wanted-status.ts';

/** A clock that stands still until it is told to go on. Chance always says 0. */
export class ManualTiming implements Timing {
  /** How much too early sleepers wake, in milliseconds: less than one, with Node's timers. */
  earlyMs = 0;
  #now = 0;
  readonly #sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();

  now(): number {
    return this.#now;
  }

  random(): number {
    return 0;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const sleeper = {
        at: this.#now + Math.max(0, ms - this.earlyMs),
        wake: () => {
          this.#sleepers.delete(sleeper);
          signal.removeEventListener('abort', sleeper.wake);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal.addEventListener('abort', sleeper.wake, { once: true });
    });
  }

  /** Lets time pass: whoever sleeps wakes in his turn, and what follows from it happens at that time. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await turn();
    for (;;) {
      const at = Math.min(...[...this.#sleepers].map((sleeper) => sleeper.at));
      if (at > end) break;
      this.#now = Math.max(this.#now, at);
      for (const sleeper of this.#sleepers) if (sleeper.at <= this.#now) sleeper.wake();
      await turn();
    }
    this.#now = end;
  }
}

/** All promises that can be fulfilled are. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A patch that came in. */
export interface SeenPatch {
  readonly kind: string;
  readonly key: string;
  readonly at: number;
  readonly body: object;
}

interface FakeObject {
  readonly uid: string;
  readonly resourceVersion: number;
  readonly status: Readonly<Record<string, unknown>>;
}

const forever = new AbortController().signal;

/** Statuses of objects as an API server keeps them, with a watch that lags. */
export class FakeStatuses implements StatusApi {
  readonly patches: SeenPatch[] = [];
  gets = 0;
  inFlight = 0;
  maxInFlight = 0;
  /** Milliseconds that a request takes. */
  latencyMs = 5;
  /** Milliseconds until the watch brings a change. Infinity: it hangs. */
  lagMs = 5;
  /** Called when a patch has arrived, before anything else. What it returns is thrown. */
  onPatch: (patch: SeenPatch) => KubeError | undefined = () => undefined;
  onGet: (key: string) => KubeError | undefined = () => undefined;
  /** What the schema makes of a status. */
  prune: (status: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>> = (status) => status;
  onObserved: (kind: string, key: string) => void = () => {};
  readonly #timing: Timing;
  readonly #objects = new Map<string, FakeObject>();
  readonly #seen = new Map<string, FakeObject>();
  #version = 100;
  /** Changes that the watch has not brought yet. */
  readonly #echoes: { readonly id: string; readonly object: FakeObject | undefined }[] = [];
  #broughtAt = 0;

  constructor(timing: Timing) {
    this.#timing = timing;
  }

  /** Writes as anybody: what is not given stays. */
  put(kind: string, key: string, status?: Readonly<Record<string, unknown>>): void {
    const id = `${kind}/${key}`;
    const old = this.#objects.get(id);
    this.#store(id, { uid: old?.uid ?? `uid-${this.#version}`, status: status ?? old?.status ?? {} });
  }

  delete(kind: string, key: string): void {
    this.#objects.delete(`${kind}/${key}`);
    this.#echo(`${kind}/${key}`, undefined);
  }

  status(kind: string, key: string): Readonly<Record<string, unknown>> | undefined {
    return this.#objects.get(`${kind}/${key}`)?.status;
  }

  /** What the watch has brought. */
  readonly observed = (kind: string, key: string): ObservedStatus | undefined => {
    const object = this.#seen.get(`${kind}/${key}`);
    return object === undefined ? undefined : observedOf(object);
  };

  async patch({ kind, key }: { readonly kind: string; readonly key: string }, body: object, signal: AbortSignal): Promise<ObservedStatus> {
    const patch = { kind, key, at: this.#timing.now(), body };
    return this.#serve(signal, () => {
      this.patches.push(patch);
      const error = this.onPatch(patch);
      if (error !== undefined) throw error;
      const old = this.#objects.get(`${kind}/${key}`);
      if (old === undefined) throw kubeError(404, 'NotFound');
      const { metadata, status } = body as { readonly metadata: { readonly resourceVersion: string; readonly uid: string }; readonly status: object };
      if (metadata.uid !== old.uid || metadata.resourceVersion !== String(old.resourceVersion)) throw kubeError(409, 'Conflict');
      const merged = Object.entries({ ...old.status, ...status }).filter(([, value]) => value !== null);
      const next = this.prune(Object.fromEntries(merged));
      if (JSON.stringify(next) === JSON.stringify(old.status)) return observedOf(old);
      return observedOf(this.#store(`${kind}/${key}`, { uid: old.uid, status: next }));
    });
  }

  async get({ kind, key }: { readonly kind: string; readonly key: string }, signal: AbortSignal): Promise<ObservedStatus> {
    return this.#serve(signal, () => {
      this.gets++;
      const error = this.onGet(key);
      if (error !== undefined) throw error;
      const object = this.#objects.get(`${kind}/${key}`);
      if (object === undefined) throw kubeError(404, 'NotFound');
      return observedOf(object);
    });
  }

  async #serve<T>(signal: AbortSignal, answer: () => T): Promise<T> {
    this.inFlight++;
    this.maxInFlight = Math.max(this.maxInFlight, this.inFlight);
    try {
      await this.#timing.sleep(this.latencyMs / 2, signal);
      if (signal.aborted) throw kubeError(0, 'Unreachable');
      const value = answer();
      await this.#timing.sleep(this.latencyMs / 2, signal);
      if (signal.aborted) throw kubeError(0, 'Unreachable');
      return value;
    } finally {
      this.inFlight--;
    }
  }

  #store(id: string, { uid, status }: Pick<FakeObject, 'uid' | 'status'>): FakeObject {
    const object = { uid, status: fieldsOf(structuredClone(status)), resourceVersion: ++this.#version };
    this.#objects.set(id, object);
    this.#echo(id, object);
    return object;
  }

  #echo(id: string, object: FakeObject | undefined): void {
    if (this.lagMs === Infinity) return;
    this.#broughtAt = Math.max(this.#broughtAt, this.#timing.now() + this.lagMs);
    this.#echoes.push({ id, object });
    void this.#timing.sleep(this.#broughtAt - this.#timing.now(), forever).then(() => this.#bring());
  }

  /** A watch brings things late, never in another order. */
  #bring(): void {
    const echo = this.#echoes.shift();
    if (echo === undefined) return;
    const { id, object } = echo;
    if (object === undefined) this.#seen.delete(id);
    else this.#seen.set(id, object);
    const slash = id.indexOf('/');
    this.onObserved(id.slice(0, slash), id.slice(slash + 1));
  }
}

/** An error as the API server answers it. */
export function kubeError(code: number, reason: string, message = `PATCH /some/path: ${code} ${reason}`): KubeError {
  return new KubeError(message, { code, reason });
}

function observedOf({ uid, resourceVersion, status }: FakeObject): ObservedStatus {
  return { uid, resourceVersion: String(resourceVersion), generation: 1, status, apiVersion: 'gateway.networking.k8s.io/v1' };
}
