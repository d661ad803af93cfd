import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { KindName } from '../../api/kinds.ts';
import { keyOf, quickTiming, Refusal } from '../../kube/testing.ts';
import type { FakeObject } from '../../kube/testing.ts';
import { pathOf, route, World } from './testing.ts';

const kinds: readonly KindName[] = ['HTTPRoute', 'TCPRoute', 'Secret'];
const namespaces = ['one', 'two'];

/** One step of a program, by what it does to the server. */
type Step =
  | { readonly do: 'put'; readonly kind: KindName; readonly namespace: string; readonly name: string; readonly value: number }
  | { readonly do: 'delete'; readonly kind: KindName; readonly namespace: string; readonly name: string }
  | { readonly do: 'status'; readonly namespace: string; readonly name: string; readonly value: number }
  | { readonly do: 'restart'; readonly restores: boolean; readonly after: { readonly name: string; readonly value: number } }
  | { readonly do: 'toggle'; readonly kind: KindName; readonly what: 'permission' | 'definition' }
  | { readonly do: 'scope'; readonly namespaces: readonly string[] }
  | { readonly do: 'cut' | 'end' | 'expire' | 'compact' | 'bookmark' | 'back up' | 'overload' | 'recover' }
  /** Let the event loop turn so many times. */
  | { readonly do: 'wait'; readonly turns: number };

const name = fc.constantFrom('a', 'b', 'c');
const value = fc.nat(3);
const namespace = fc.constantFrom(...namespaces);
const kind = fc.constantFrom(...kinds);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('put' as const), kind, namespace, name, value }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('delete' as const), kind, namespace, name }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('status' as const), namespace, name, value }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('restart' as const), restores: fc.boolean(), after: fc.record({ name, value }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('toggle' as const), kind, what: fc.constantFrom('permission' as const, 'definition' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('scope' as const), namespaces: fc.subarray(namespaces) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('cut' as const, 'end', 'expire', 'compact', 'bookmark', 'back up', 'overload', 'recover') }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('wait' as const), turns: fc.nat(20) }) },
);

function put(world: World, { kind, namespace, name, value }: { kind: KindName; namespace: string; name: string; value: number }): void {
  // Value 0 is what no schema takes: the object stays as it last was good, or out.
  const path = value === 0 ? 'no path' : `/${value}`;
  if (kind === 'HTTPRoute') world.server.put(kind, route(name, path, { namespace }));
  else if (kind === 'Secret') world.server.put(kind, { metadata: { name, namespace }, type: 'Opaque', data: { value: Buffer.from([value]).toString('base64') } });
  else world.server.put(kind, { metadata: { name, namespace, labels: { value: String(value) } }, spec: { rules: [{ backendRefs: [{ name: 'b', port: 80 }] }] } });
}

/** Runs programs against a world; remembers what the server is like beyond its store. */
class Machine {
  readonly world: World;
  readonly #toggled = new Set<string>();
  #backup: ReturnType<World['server']['store']['backup']>;
  secretNamespaces: readonly string[] = namespaces;

  constructor(world: World) {
    this.world = world;
    this.#backup = world.server.store.backup();
  }

  async run(step: Step): Promise<void> {
    const { server, source } = this.world;
    const { store } = server;
    const served = (kind: KindName): boolean => store.resources.has(server.id(kind));
    const exists = (kind: KindName, key: string): boolean => served(kind) && server.list(kind).some((object) => keyOf(object) === key);
    if (step.do === 'put') {
      if (served(step.kind)) put(this.world, step);
    } else if (step.do === 'delete') {
      const key = `${step.namespace}/${step.name}`;
      if (exists(step.kind, key)) server.delete(step.kind, key);
    } else if (step.do === 'status') {
      const key = `${step.namespace}/${step.name}`;
      if (exists('HTTPRoute', key)) server.putStatus('HTTPRoute', key, { value: step.value });
    } else if (step.do === 'restart') {
      await server.down();
      // A server that comes back with another history was away for long enough to be missed: for ten seconds by the source's clock.
      await quickTiming(100).sleep(10_000, new AbortController().signal);
      if (step.restores) store.restore(this.#backup);
      if (served('HTTPRoute')) put(this.world, { kind: 'HTTPRoute', namespace: 'one', ...step.after });
      await server.up();
    } else if (step.do === 'toggle') this.#toggle(step.kind, step.what);
    else if (step.do === 'scope') {
      this.secretNamespaces = step.namespaces;
      source.setScope('Secret', step.namespaces);
    } else if (step.do === 'cut') server.endWatches('in the middle of an event');
    else if (step.do === 'end') server.endWatches('cleanly');
    else if (step.do === 'expire') server.failWatches(410, 'Expired');
    else if (step.do === 'compact') store.compact();
    else if (step.do === 'bookmark') server.bookmark();
    else if (step.do === 'back up') this.#backup = store.backup();
    else if (step.do === 'overload') {
      let count = 0;
      server.intercept = () => (count++ % 3 === 2 ? undefined : new Refusal(503, 'ServiceUnavailable', 'overloaded'));
    } else if (step.do === 'recover') server.intercept = () => undefined;
    else if (step.do === 'wait') {
      for (let i = 0; i < step.turns; i++) await new Promise(setImmediate);
    }
  }

  #toggle(kind: KindName, what: 'permission' | 'definition'): void {
    const { server } = this.world;
    const isOff = this.#toggled.delete(`${what} ${kind}`);
    if (!isOff) this.#toggled.add(`${what} ${kind}`);
    if (what === 'permission') {
      if (isOff) server.allow(kind);
      else server.deny(kind);
    } else if (isOff) server.install(kind);
    else server.uninstall(kind);
  }

  /** Everything works again. */
  end(): void {
    this.world.server.intercept = () => undefined;
    for (const entry of [...this.#toggled]) {
      const [what, kind] = entry.split(' ') as ['permission' | 'definition', KindName];
      this.#toggle(kind, what);
    }
  }

  /** What the server has, in the words of `told`. */
  expected(): string[] {
    const { server } = this.world;
    return kinds.flatMap((kind) => server.list(kind).filter(({ metadata }) => kind !== 'Secret' || this.secretNamespaces.includes(metadata.namespace ?? ''))
      .filter((object) => kind !== 'HTTPRoute' || pathOf({ object } as never) !== 'no path')
      .map((object) => `${kind}/${keyOf(object)} ${contentOf(kind, object)}`)).sort();
  }

  /** What the source told; of routes that are invalid by now, nothing. */
  told(): string[] {
    const { objects, server } = this.world;
    const invalid = new Set(server.list('HTTPRoute').filter((object) => pathOf({ object } as never) === 'no path').map((object) => `HTTPRoute/${keyOf(object)}`));
    return [...objects].filter(([ref]) => !invalid.has(ref)).map(([ref, { kind, object }]) => `${ref} ${contentOf(kind as KindName, object)}`).sort();
  }

  /** Whether status and versions that are observed are the server's. */
  observesAll(): boolean {
    return (['HTTPRoute', 'TCPRoute'] as const).every((kind) => this.world.server.list(kind).every((object) => {
      const observed = this.world.source.observed(kind, keyOf(object));
      return observed?.resourceVersion === object.metadata.resourceVersion && observed.uid === object.metadata.uid
        && JSON.stringify(observed.status) === JSON.stringify(object['status']);
    }));
  }
}

function contentOf(kind: KindName, object: unknown): string {
  const { data, metadata } = object as FakeObject & { data?: { value?: string } };
  return String(kind === 'HTTPRoute' ? pathOf({ object } as never) : kind === 'Secret' ? data?.value : metadata.labels?.['value']);
}

test('whatever happens to the server, in the end the source has told what the server has', { timeout: 120_000 }, async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
    const cleanups: (() => unknown)[] = [];
    const world = await World.make({ after: (fn) => void cleanups.unshift(fn as () => unknown) }, kinds, { timing: quickTiming(100), scopes: new Map([['Secret', namespaces]]) });
    try {
      const machine = new Machine(world);
      const started = world.source.start();
      for (const each of steps) await machine.run(each);
      machine.end();
      await started;
      await world.source.whenSynced();
      await world.until(() => machine.told().join('\n') === machine.expected().join('\n') && machine.observesAll(), 'the source to be in step');
      assert.equal(world.source.synced, true);
    } finally {
      for (const cleanup of cleanups) await cleanup();
    }
  }), { numRuns: 40, endOnFailure: true });
});
