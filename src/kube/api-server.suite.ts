/* One behaviour for the fake and for a real API server. More than 300 lines, since the two must not drift apart in any part of it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { silentLog } from '../util/log.ts';
import type { KubeClient } from './client.ts';
import { Discovery } from './discovery.ts';
import { isConflict, isForbidden, isNotFound } from './kube-error.ts';
import type { KubeError } from './kube-error.ts';
import { LeaseElection } from './lease-election.ts';
import { keyOfObject } from './object.ts';
import type { KubeObject } from './object.ts';
import type { NamespaceScope } from './reflector-state.ts';
import { Reflector } from './reflector.ts';
import type { ReflectorOptions } from './reflector.ts';
import type { KubeResource } from './resource.ts';
import {
  applyObject, createObject, deleteObject, getObject, listObjects, listPage, mergePatch, replaceObject,
} from './verbs.ts';
import { CONFIG_MAPS, SECRETS, SERVICES } from './well-known.ts';

/** An API server that the suite may use: it makes namespaces of its own and leaves everything else alone. */
export interface ApiServerUnderTest {
  readonly client: KubeClient;
  /** Makes an empty namespace. */
  readonly namespace: (context: TestContext) => Promise<string>;
  /** A client that may read ConfigMaps everywhere, and nothing else. */
  readonly restricted: (context: TestContext) => Promise<KubeClient>;
  /** A custom resource that is not served until `install` is called, and not any more after `uninstall`. */
  readonly widgets: KubeResource;
  readonly install: () => Promise<void>;
  readonly uninstall: () => Promise<void>;
}

const DEADLINE_MS = 15_000;

/** Runs the suite; `make` is called for each test. */
export function apiServerSuite(name: string, make: (context: TestContext) => Promise<ApiServerUnderTest>): void {
  const behaves = (sentence: string, body: (server: ApiServerUnderTest, context: TestContext) => Promise<void>): void => {
    test(sentence, { timeout: 60_000 }, async (context) => body(await make(context), context));
  };

  describe(`${name}: objects`, () => {
    behaves('what is created is read again, typed and without managedFields', async ({ client, namespace }, context) => {
      const ns = await namespace(context);
      const created = await createObject(client, CONFIG_MAPS, configMap(ns, 'a', { x: '1' }));
      const read = await getObject(client, CONFIG_MAPS, { namespace: ns, name: 'a' });
      assert.deepEqual(read, created);
      assert.equal(read.apiVersion, 'v1');
      assert.equal(read.kind, 'ConfigMap');
      assert.equal('managedFields' in read.metadata, false);
      assert.match(read.metadata.uid ?? '', /^[0-9a-f-]{36}$/);
    });

    behaves('creating twice is a conflict, reading or deleting nothing is not found', async ({ client, namespace }, context) => {
      const ns = await namespace(context);
      await createObject(client, CONFIG_MAPS, configMap(ns, 'a'));
      await assert.rejects(createObject(client, CONFIG_MAPS, configMap(ns, 'a')), (error) => isConflict(error) && (error as KubeError).reason === 'AlreadyExists');
      await assert.rejects(getObject(client, CONFIG_MAPS, { namespace: ns, name: 'b' }), isNotFound);
      await assert.rejects(deleteObject(client, CONFIG_MAPS, { namespace: ns, name: 'b' }), isNotFound);
    });

    behaves('a write on a stale version is a conflict, by replacement and by patch', async ({ client, namespace }, context) => {
      const ns = await namespace(context);
      const first = await createObject(client, CONFIG_MAPS, configMap(ns, 'a', { x: '1' }));
      const second = await replaceObject(client, CONFIG_MAPS, { ...first, data: { x: '2' } });
      assert.notEqual(second.metadata.resourceVersion, first.metadata.resourceVersion);
      await assert.rejects(replaceObject(client, CONFIG_MAPS, { ...first, data: { x: '3' } }), isConflict);
      const stale = { metadata: { resourceVersion: first.metadata.resourceVersion }, data: { x: '3' } };
      await assert.rejects(mergePatch(client, CONFIG_MAPS, { namespace: ns, name: 'a' }, stale), isConflict);
      assert.deepEqual((await getObject(client, CONFIG_MAPS, { namespace: ns, name: 'a' }))['data'], { x: '2' });
    });

    behaves('a write that changes nothing keeps the version', async ({ client, namespace }, context) => {
      const ns = await namespace(context);
      const first = await createObject(client, CONFIG_MAPS, configMap(ns, 'a', { x: '1' }));
      const second = await mergePatch(client, CONFIG_MAPS, { namespace: ns, name: 'a' }, { data: { x: '1' } });
      assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
    });

    behaves('a merge patch sets, keeps and removes', async ({ client, namespace }, context) => {
      const ns = await namespace(context);
      await createObject(client, CONFIG_MAPS, configMap(ns, 'a', { x: '1', y: '2' }));
      const patched = await mergePatch(client, CONFIG_MAPS, { namespace: ns, name: 'a' }, { data: { x: null, z: '3' } });
      assert.deepEqual(patched['data'], { y: '2', z: '3' });
    });

    behaves('an object is deleted only if it is the one that is meant', async ({ client, namespace }, context) => {
      const ns = await namespace(context);
      const { metadata } = await createObject(client, CONFIG_MAPS, configMap(ns, 'a'));
      const other = '00000000-0000-4000-8000-000000000000';
      await assert.rejects(deleteObject(client, CONFIG_MAPS, { namespace: ns, name: 'a' }, { uid: other }), isConflict);
      await deleteObject(client, CONFIG_MAPS, { namespace: ns, name: 'a' }, { uid: metadata.uid });
      await assert.rejects(getObject(client, CONFIG_MAPS, { namespace: ns, name: 'a' }), isNotFound);
    });

    behaves('apply creates, changes, and removes what it no longer names', async ({ client, namespace }, context) => {
      const ns = await namespace(context);
      await applyObject(client, CONFIG_MAPS, configMap(ns, 'a', { x: '1', y: '2' }), { fieldManager: 'one' });
      await mergePatch(client, CONFIG_MAPS, { namespace: ns, name: 'a' }, { data: { foreign: '9' } });
      const applied = await applyObject(client, CONFIG_MAPS, configMap(ns, 'a', { x: '3' }), { fieldManager: 'one' });
      assert.deepEqual(applied['data'], { x: '3', foreign: '9' });
    });

    behaves('apply of what another manager applied is a conflict unless forced', async ({ client, namespace }, context) => {
      const ns = await namespace(context);
      await applyObject(client, CONFIG_MAPS, configMap(ns, 'a', { x: '1' }), { fieldManager: 'one' });
      await assert.rejects(applyObject(client, CONFIG_MAPS, configMap(ns, 'a', { x: '2' }), { fieldManager: 'two' }), isConflict);
      const forced = await applyObject(client, CONFIG_MAPS, configMap(ns, 'a', { x: '2' }), { fieldManager: 'two', force: true });
      assert.deepEqual(forced['data'], { x: '2' });
    });

    behaves('status is written apart from the rest', async ({ client, namespace }, context) => {
      const ns = await namespace(context);
      const name = { namespace: ns, name: 'a' };
      // Conditions of a Service are nobody's business in a cluster; addresses would be.
      const conditions = (reason: string): object => ({ conditions: [{ type: 'Tested', status: 'True', reason, message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }] });
      const service = { metadata: name, spec: { ports: [{ port: 80 }] }, status: conditions('Created') };
      assert.equal(reasonOf(await createObject(client, SERVICES, service)), undefined);
      const written = await mergePatch(client, SERVICES, name, { status: conditions('Written') }, { subresource: 'status' });
      assert.equal(reasonOf(written), 'Written');
      const labelled = await mergePatch(client, SERVICES, name, { metadata: { labels: { app: 'a' } }, status: null });
      assert.equal(reasonOf(labelled), 'Written');
      assert.deepEqual(labelled.metadata.labels, { app: 'a' });
    });
  });

  describe(`${name}: lists`, () => {
    behaves('pages are all of one moment', async ({ client, namespace }, context) => {
      const ns = await namespace(context);
      for (let i = 0; i < 5; i++) await createObject(client, SECRETS, { metadata: { namespace: ns, name: `s${i}` } });
      const first = await listPage(client, SECRETS, { namespace: ns, limit: 2 });
      assert.equal(first.items.length, 2);
      await createObject(client, SECRETS, { metadata: { namespace: ns, name: 's9' } });
      const second = await listPage(client, SECRETS, { namespace: ns, limit: 10, continue: first.continue });
      assert.deepEqual([...first.items, ...second.items].map(({ metadata }) => metadata.name), ['s0', 's1', 's2', 's3', 's4']);
      assert.equal(second.resourceVersion, first.resourceVersion);
      assert.equal(second.continue, undefined);
      assert.equal(second.items[0]?.kind, 'Secret');
    });

    behaves('label and field selectors select', async ({ client, namespace }, context) => {
      const ns = await namespace(context);
      await createObject(client, SECRETS, { metadata: { namespace: ns, name: 'a', labels: { app: 'x' } }, type: 'Opaque' });
      await createObject(client, SECRETS, { metadata: { namespace: ns, name: 'b', labels: { app: 'y' } }, type: 'helm.sh/release.v1' });
      const names = async (options: { labelSelector?: string; fieldSelector?: string }): Promise<string[]> =>
        (await listObjects(client, SECRETS, { namespace: ns, ...options })).map(({ metadata }) => metadata.name);
      assert.deepEqual(await names({ labelSelector: 'app in (x, z)' }), ['a']);
      assert.deepEqual(await names({ labelSelector: 'app!=x' }), ['b']);
      assert.deepEqual(await names({ fieldSelector: 'type!=helm.sh/release.v1,type!=other' }), ['a']);
      assert.deepEqual(await names({ fieldSelector: 'metadata.name=b' }), ['b']);
    });

    behaves('discovery names what is served in which versions', async ({ client, widgets, install }) => {
      const name = `${widgets.group}/${widgets.plural}`;
      assert.equal((await new Discovery({ client }).served()).get(name), undefined);
      await install();
      await eventually(async () => (await new Discovery({ client }).served()).get(name)?.includes(widgets.version) === true, 'discovery of the new resource');
    });
  });

  describe(`${name}: reflector`, () => {
    behaves('what is there is told, then what changes', async ({ client, namespace }, context) => {
      const ns = await namespace(context);
      await createObject(client, SECRETS, { metadata: { namespace: ns, name: 'a', labels: { v: '1' } } });
      const mirror = new Mirror(context, { client, resource: SECRETS, namespaces: [ns] });
      await mirror.reflector.whenSynced();
      assert.deepEqual(mirror.labels('v'), { [`${ns}/a`]: '1' });
      await createObject(client, SECRETS, { metadata: { namespace: ns, name: 'b', labels: { v: '2' } } });
      await mergePatch(client, SECRETS, { namespace: ns, name: 'a' }, { metadata: { labels: { v: '3' } } });
      await mirror.until(() => mirror.objects.size === 2 && mirror.labels('v')[`${ns}/a`] === '3', 'both changes');
      await deleteObject(client, SECRETS, { namespace: ns, name: 'a' });
      await mirror.until(() => mirror.objects.size === 1, 'the deletion');
      assert.deepEqual(mirror.labels('v'), { [`${ns}/b`]: '2' });
    });

    behaves('an object that leaves the selector is gone, one that enters it is new', async ({ client, namespace }, context) => {
      const ns = await namespace(context);
      await createObject(client, SECRETS, { metadata: { namespace: ns, name: 'a', labels: { app: 'x' } } });
      await createObject(client, SECRETS, { metadata: { namespace: ns, name: 'b', labels: { app: 'y' } } });
      const mirror = new Mirror(context, { client, resource: SECRETS, namespaces: [ns], labelSelector: 'app=x' });
      await mirror.reflector.whenSynced();
      assert.deepEqual(mirror.names(), ['a']);
      await mergePatch(client, SECRETS, { namespace: ns, name: 'b' }, { metadata: { labels: { app: 'x' } } });
      await mergePatch(client, SECRETS, { namespace: ns, name: 'a' }, { metadata: { labels: { app: 'y' } } });
      await mirror.until(() => mirror.names().join() === 'b', 'the change of the selection');
    });

    behaves('namespaces come and go, and the others are not read again', async ({ client, namespace }, context) => {
      const [one, two] = [await namespace(context), await namespace(context)];
      for (const ns of [one, two]) await createObject(client, SECRETS, { metadata: { namespace: ns, name: 's' } });
      const mirror = new Mirror(context, { client, resource: SECRETS, namespaces: [one] });
      await mirror.reflector.whenSynced();
      assert.deepEqual([...mirror.objects.keys()], [`${one}/s`]);
      mirror.reflector.setNamespaces([one, two]);
      assert.equal(mirror.reflector.synced, false);
      await mirror.reflector.whenSynced();
      assert.deepEqual(mirror.batches.map(({ set }) => set.length), [1, 1]);
      mirror.reflector.setNamespaces([two]);
      assert.deepEqual([...mirror.objects.keys()], [`${two}/s`]);
      assert.equal(mirror.reflector.synced, true);
      mirror.reflector.setNamespaces([]);
      assert.equal(mirror.objects.size, 0);
      assert.equal(mirror.reflector.synced, true);
    });

    behaves('a resource that is not served is absent, and found when it comes', async ({ client, namespace, widgets, install, uninstall }, context) => {
      const ns = await namespace(context);
      const mirror = new Mirror(context, { client, resource: widgets });
      await mirror.reflector.whenSynced();
      assert.equal(mirror.reflector.states.get('')?.kind, 'absent');
      await install();
      await eventually(async () => {
        await createObject(client, widgets, { metadata: { namespace: ns, name: 'w' } });
        return true;
      }, 'the resource to be served');
      await mirror.until(() => mirror.objects.size === 1, 'the object of the new resource');
      await uninstall();
      await mirror.until(() => mirror.objects.size === 0 && mirror.reflector.states.get('')?.kind === 'absent', 'the resource to be gone');
    });

    behaves('what RBAC forbids is denied and synced, with the reason', async ({ restricted }, context) => {
      const client = await restricted(context);
      const denied = new Mirror(context, { client, resource: SECRETS });
      const allowed = new Mirror(context, { client, resource: CONFIG_MAPS });
      await Promise.all([denied.reflector.whenSynced(), allowed.reflector.whenSynced()]);
      const state = denied.reflector.states.get('');
      assert.equal(state?.kind, 'denied');
      assert.match(state.message, /cannot list resource "secrets".* at the cluster scope/);
      await allowed.until(() => allowed.reflector.states.get('')?.kind === 'watching', 'the other to go on');
      await assert.rejects(listObjects(client, SECRETS), isForbidden);
    });
  });

  describe(`${name}: lease election`, () => {
    behaves('one of two leads, and the other takes over when it stops', async ({ client, namespace }, context) => {
      const ns = await namespace(context);
      const events: string[] = [];
      const election = (identity: string): LeaseElection => {
        const lease = new LeaseElection({
          client, namespace: ns, name: 'leader', identity, retryPeriodMs: 200, log: silentLog,
          onStarted: () => void events.push(`${identity} starts`),
          onStopped: () => void events.push(`${identity} stops`),
        });
        context.after(() => lease.stop());
        return lease;
      };
      const [a, b] = [election('a'), election('b')];
      a.start();
      await eventually(() => a.isLeader, 'the first to lead');
      b.start();
      await eventually(() => b.leader === 'a', 'the second to see the first');
      assert.equal(b.isLeader, false);
      await a.stop();
      await eventually(() => b.isLeader, 'the second to lead');
      assert.deepEqual(events, ['a starts', 'a stops', 'b starts']);
    });
  });
}

/** What a reflector's consumer knows. */
export class Mirror {
  readonly objects = new Map<string, KubeObject>();
  readonly batches: { readonly set: readonly KubeObject[]; readonly deleted: readonly string[] }[] = [];
  readonly reflector: Reflector;
  #waiters: (() => void)[] = [];

  /** Starts a reflector that is stopped after the test. */
  constructor(context: Pick<TestContext, 'after'>, options: Omit<ReflectorOptions, 'onChange' | 'log'> & { readonly namespaces?: NamespaceScope; readonly log?: ReflectorOptions['log'] }) {
    this.reflector = new Reflector({
      log: silentLog,
      ...options,
      onChange: ({ set, deleted }) => {
        this.batches.push({ set, deleted });
        for (const object of set) this.objects.set(keyOfObject(object), object);
        for (const key of deleted) if (!this.objects.delete(key)) throw new Error(`${key} was deleted and never set`);
        this.#wake();
      },
      onState: (scope, state) => {
        options.onState?.(scope, state);
        this.#wake();
      },
    });
    context.after(() => this.reflector.stop());
    this.reflector.start();
  }

  names(): string[] {
    return [...this.objects.values()].map(({ metadata }) => metadata.name).sort();
  }

  /** A label's value of each object. */
  labels(label: string): Record<string, string | undefined> {
    return Object.fromEntries([...this.objects].map(([key, { metadata }]) => [key, metadata.labels?.[label]]));
  }

  /** Waits until a condition holds; it is looked at after each change of objects or state. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    while (!condition()) {
      await new Promise<void>((resolve, reject) => {
        this.#waiters.push(resolve);
        deadline.addEventListener('abort', () => reject(new Error(`waited in vain for ${what}; objects: ${this.names().join()}`)), { once: true });
      });
    }
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}

/** Waits until a condition holds; whatever it throws counts as "not yet". */
export async function eventually(condition: () => boolean | Promise<boolean>, what: string, deadlineMs = DEADLINE_MS): Promise<void> {
  const end = performance.now() + deadlineMs;
  let last: unknown;
  while (performance.now() < end) {
    try {
      if (await condition()) return;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`waited in vain for ${what}`, { cause: last });
}

/** A name that no other test has. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(4).toString('hex')}`;
}

function configMap(namespace: string, name: string, data: Record<string, string> = {}): { metadata: { namespace: string; name: string }; data: Record<string, string> } {
  return { metadata: { namespace, name }, data };
}

function reasonOf({ status }: KubeObject): string | undefined {
  return (status as { readonly conditions?: readonly { readonly reason: string }[] } | undefined)?.conditions?.[0]?.reason;
}
