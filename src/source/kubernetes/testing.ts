import type { TestContext } from 'node:test';
import type { KindName } from '../../api/kinds.ts';
import type { Problem } from '../../api/problem.ts';
import type { Resource } from '../../api/resource.ts';
import { FakeApiServer } from '../../kube/testing.ts';
import { silentLog } from '../../util/log.ts';
import type { KubernetesChanges } from './changes.ts';
import { KubernetesSource } from './kubernetes-source.ts';
import type { KubernetesSourceOptions } from './kubernetes-source.ts';

const DEADLINE_MS = 15_000;

/** A fake API server, and what a consumer of a source that watches it knows. */
export class World {
  readonly server: FakeApiServer;
  readonly source: KubernetesSource;
  readonly objects = new Map<string, Resource>();
  readonly problems = new Map<string, readonly Problem[]>();
  readonly batches: KubernetesChanges[] = [];
  readonly observed: string[] = [];
  readonly decoded: string[] = [];
  #waiters: (() => void)[] = [];

  private constructor(server: FakeApiServer, context: Pick<TestContext, 'after'>, kinds: readonly KindName[], options: Partial<KubernetesSourceOptions>) {
    const client = server.client();
    this.server = server;
    this.source = new KubernetesSource({
      client,
      kinds,
      log: silentLog,
      onChange: (changes) => this.#apply(changes),
      onObserved: (kind, key) => {
        this.observed.push(`${kind}/${key}`);
        this.#wake();
      },
      onState: () => this.#wake(),
      ...options,
    });
    context.after(async () => {
      await this.source.stop();
      client.close();
    });
  }

  /** A source that is not started yet. */
  static async make(context: Pick<TestContext, 'after'>, kinds: readonly KindName[], options: Partial<KubernetesSourceOptions> = {}): Promise<World> {
    return new World(await FakeApiServer.start(context), context, kinds, options);
  }

  names(kind?: KindName): string[] {
    return [...this.objects.values()].filter((resource) => kind === undefined || resource.kind === kind).map(({ key }) => key).sort();
  }

  spec(ref: string): Record<string, unknown> | undefined {
    return (this.objects.get(ref)?.object as { spec?: Record<string, unknown> } | undefined)?.spec;
  }

  /** Waits until a condition holds; it is looked at after each batch, observation and change of state. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    while (!condition()) {
      await new Promise<void>((resolve, reject) => {
        this.#waiters.push(resolve);
        const states = (): string => this.source.states.map(({ kind, namespace, state }) => `${kind}/${namespace}: ${JSON.stringify(state)}`).join();
        deadline.addEventListener('abort', () => reject(new Error(`waited in vain for ${what}; objects: ${this.names().join()}; ${states()}`)), { once: true });
      });
    }
  }

  #apply(changes: KubernetesChanges): void {
    this.batches.push(changes);
    for (const resource of changes.set) this.objects.set(`${resource.kind}/${resource.key}`, resource);
    for (const { kind, key } of changes.deleted) {
      if (!this.objects.delete(`${kind}/${key}`)) throw new Error(`${kind}/${key} was deleted and never set`);
    }
    for (const [ref, problems] of changes.problems) {
      if (problems.length > 0) this.problems.set(ref, problems);
      else if (!this.problems.delete(ref)) throw new Error(`the problems of ${ref} were cleared and there were none`);
    }
    this.#wake();
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}

/** An HTTPRoute that differs by its path. */
export function route(name: string, path = '/', metadata: object = {}): { metadata: { name: string; namespace: string }; spec: object } {
  return {
    metadata: { name, namespace: 'default', ...metadata },
    spec: { parentRefs: [{ name: 'gateway' }], rules: [{ matches: [{ path: { type: 'PathPrefix', value: path } }], backendRefs: [{ name: 'backend', port: 80 }] }] },
  };
}

/** The path of a route. */
export function pathOf(resource: Resource | undefined): string | undefined {
  const object = resource?.object as { spec?: { rules?: { matches?: { path?: { value?: string } }[] }[] } } | undefined;
  return object?.spec?.rules?.[0]?.matches?.[0]?.path?.value;
}
