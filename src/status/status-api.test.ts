import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { describe, test, type TestContext } from 'node:test';

import { KINDS } from '../api/kinds.ts';
import type { KubeError } from '../kube/kube-error.ts';
import { keyOfObject } from '../kube/object.ts';
import { Reflector } from '../kube/reflector.ts';
import { FakeApiServer, Refusal } from '../kube/testing.ts';
import { silentLog } from '../util/log.ts';
import { fieldsOf, listOf } from './plan/fields.ts';
import { observedOf, statusApi } from './status-api.ts';
import type { ObservedStatus, WantedStatus } from './wanted-status.ts';
import { StatusWriter, type StatusWrite } from './writer.ts';

const signal = new AbortController().signal;
/** Milliseconds that anything here may take on a machine that is busy with other things. */
const patience = 60_000;
const target = { kind: 'HTTPRoute', key: 'default/r', apiVersion: 'gateway.networking.k8s.io/v1beta1' };

function route(name: string): { readonly metadata: { readonly name: string }; readonly spec: object } {
  return { metadata: { name }, spec: { rules: [] } };
}

function parents(controllerName: string, message: string): object[] {
  return [{ parentRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' }, controllerName, conditions: [{ type: 'Accepted', status: 'True', reason: 'Accepted', message, observedGeneration: 1 }] }];
}

describe('the status subresource', () => {
  test('is patched in the version in which the object was read, and nothing else of it', async (context) => {
    const server = await FakeApiServer.start(context);
    const client = server.client();
    context.after(() => client.close());
    server.put('HTTPRoute', route('r'));
    const api = statusApi(client, { fieldManager: 'moongate' });
    const before = await api.get(target, signal);
    const after = await api.patch(target, { metadata: { resourceVersion: before.resourceVersion, uid: before.uid }, status: { parents: [] } }, signal);
    assert.deepEqual(after, { ...before, resourceVersion: after.resourceVersion, status: { parents: [] } });
    assert.notEqual(after.resourceVersion, before.resourceVersion);
    const { method, path, query } = server.requests.at(-1) ?? {};
    assert.deepEqual({ method, path, manager: query?.['fieldManager'] }, {
      method: 'PATCH', path: '/apis/gateway.networking.k8s.io/v1beta1/namespaces/default/httproutes/r/status', manager: 'moongate',
    });
    assert.deepEqual(server.get('HTTPRoute', 'default/r')['spec'], { rules: [] });
  });

  test('is not patched when somebody wrote in the meantime', async (context) => {
    const server = await FakeApiServer.start(context);
    const client = server.client();
    context.after(() => client.close());
    server.put('HTTPRoute', route('r'));
    const api = statusApi(client, { fieldManager: 'moongate' });
    const { uid, resourceVersion } = await api.get(target, signal);
    server.putStatus('HTTPRoute', 'default/r', { parents: parents('other', 'no') });
    await assert.rejects(api.patch(target, { metadata: { uid, resourceVersion }, status: { parents: [] } }, signal), ({ code }: KubeError) => code === 409);
    assert.equal(listOf(fieldsOf(server.get('HTTPRoute', 'default/r')['status'])['parents']).length, 1);
  });
});

/** A writer on a fake API server, fed by watches. */
async function setup(context: TestContext) {
  const server = await FakeApiServer.start(context);
  const client = server.client(patience);
  const known = new Map<string, ObservedStatus>();
  const writes: StatusWrite[] = [];
  const reported = new EventEmitter();
  const writer = new StatusWriter({
    api: statusApi(client, { fieldManager: 'moongate' }),
    controllerNames: ['ours'],
    observed: (kind, key) => known.get(`${kind}/${key}`),
    log: silentLog,
    onWrite: (write) => {
      writes.push(write);
      reported.emit('write');
    },
  });
  const reflectors = ['HTTPRoute', 'GRPCRoute'].map((kind) => new Reflector({
    client,
    resource: resourceOf(kind),
    log: silentLog,
    onChange: ({ set, deleted }) => {
      for (const object of set) known.set(`${kind}/${keyOfObject(object)}`, observedOf(object));
      for (const key of deleted) known.delete(`${kind}/${key}`);
      for (const key of [...set.map(keyOfObject), ...deleted]) writer.observedChanged(kind, key);
    },
  }));
  context.after(async () => {
    await writer.stop();
    await Promise.all(reflectors.map((reflector) => reflector.stop()));
    client.close();
  });
  for (const reflector of reflectors) reflector.start();
  writer.setWriting(true);
  /** Waits for what was reported. */
  async function tried(condition: () => boolean): Promise<void> {
    const deadline = AbortSignal.timeout(patience);
    while (!condition()) await once(reported, 'write', { signal: deadline });
  }
  return { server, writer, writes, tried };
}

function resourceOf(kind: string) {
  const { group, plural, namespaced, storageVersion: version } = KINDS.get(kind) ?? assert.fail(`no ${kind}`);
  return { group, version, plural, kind, namespaced };
}

function want(writer: StatusWriter, kind: string, names: readonly string[], message = 'yes'): void {
  const changes = names.map((name) => {
    const after: WantedStatus = { kind, key: `default/${name}`, status: { parents: parents('ours', message) } };
    return [after.key, { before: undefined, after }] as const;
  });
  writer.want(new Map(changes));
}

function saying(server: FakeApiServer, kind: string, controllers: readonly string[]): number {
  return server.list(kind).filter(({ status }) => listOf(fieldsOf(status)['parents']).map((entry) => fieldsOf(entry)['controllerName']).join() === controllers.join()).length;
}

describe('the writer on an API server', () => {
  test('writes a hundred statuses, each of which somebody else writes at the same moment', async (context) => {
    const { server, writer, writes } = await setup(context);
    const names = Array.from({ length: 100 }, (_, i) => `r${i}`);
    for (const name of names) server.put('HTTPRoute', route(name));
    const met = new Set<string>();
    server.intercept = ({ method, path }) => {
      const name = /\/httproutes\/([^/]+)\/status$/.exec(path)?.[1];
      if (method === 'PATCH' && name !== undefined && !met.has(name)) {
        met.add(name);
        server.putStatus('HTTPRoute', `default/${name}`, { parents: parents('other', 'no') });
      }
      return undefined;
    };
    want(writer, 'HTTPRoute', names);
    await server.until(() => saying(server, 'HTTPRoute', ['other', 'ours']) === 100, 'all statuses', patience);
    assert.deepEqual(Object.fromEntries(Object.entries(Object.groupBy(writes, ({ outcome }) => outcome)).map(([outcome, all]) => [outcome, all.length]).filter(([outcome]) => outcome === 'conflict')), { conflict: 100 });
  });

  test('writes one kind while another is denied', async (context) => {
    const { server, writer, writes, tried } = await setup(context);
    server.put('HTTPRoute', route('r'));
    server.put('GRPCRoute', route('r'));
    server.intercept = ({ method, path }) => (method === 'PATCH' && path.includes('/grpcroutes/') ? new Refusal(403, 'Forbidden', 'no') : undefined);
    want(writer, 'HTTPRoute', ['r']);
    want(writer, 'GRPCRoute', ['r']);
    await tried(() => writes.length === 2);
    assert.equal(saying(server, 'HTTPRoute', ['ours']), 1);
    assert.deepEqual(writes.map(({ kind, outcome }) => `${kind} ${outcome}`).sort(), ['GRPCRoute denied', 'HTTPRoute written']);
  });

  test('goes on when the API server comes back', async (context) => {
    const { server, writer, writes, tried } = await setup(context);
    const names = Array.from({ length: 50 }, (_, i) => `r${i}`);
    for (const name of names) server.put('HTTPRoute', route(name));
    want(writer, 'HTTPRoute', names);
    await server.until(() => saying(server, 'HTTPRoute', ['ours']) === 50, 'the first statuses', patience);
    await server.down();
    want(writer, 'HTTPRoute', names, 'changed');
    await tried(() => writes.some(({ outcome }) => outcome === 'unreachable'));
    await server.up();
    const changed = (): number => server.list('HTTPRoute').filter((object) => JSON.stringify(object['status']).includes('changed')).length;
    await server.until(() => changed() === 50, 'the second statuses', patience);
    assert.ok(writes.filter(({ outcome }) => outcome === 'unreachable').length <= 50, 'what is away is not stormed');
  });
});
