import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, get } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, createServer as createNetServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { before, test } from 'node:test';

import { silentLog } from '../../util/log.ts';
import { findEnvoy } from './envoy-binary.ts';
import { processStart } from './process-identity.ts';
import { PortBinder } from './ports.ts';
import type { ProxySpec } from './proxy-spec.ts';
import type { ProxyState } from './proxy-state.ts';
import { openStateDir } from './state-dir.ts';
import { Supervisor } from './supervisor.ts';
import type { SupervisorOptions } from './supervisor.ts';
import { temporaryDir, until, withListener } from './testing.ts';

let binary: string;

before(async () => {
  binary = (await findEnvoy()).path;
});

interface Rig extends AsyncDisposable {
  readonly supervisor: Supervisor;
  /** All states of all proxies, in order. */
  readonly seen: [string, ProxyState][];
  readonly path: string;
}

/** A supervisor on a state directory; ends its Envoys with the scope. */
async function rig(path: string, options: Partial<SupervisorOptions> = {}): Promise<Rig> {
  const stateDir = await openStateDir({ path });
  const seen: [string, ProxyState][] = [];
  const supervisor = new Supervisor({
    stateDir, binary, log: silentLog, initialFetchTimeoutMs: 10, onState: (id, state) => seen.push([id, state]), ...options,
  });
  return {
    supervisor, seen, path,
    async [Symbol.asyncDispose]() {
      supervisor.hurry();
      await supervisor.stop();
      await stateDir.release();
    },
  };
}

function wanted(...specs: ProxySpec[]): ReadonlyMap<string, ProxySpec> {
  return new Map(specs.map((spec) => [spec.id, spec]));
}

function pidOf(supervisor: Supervisor, id: string): number {
  const state = supervisor.states().get(id);
  return state !== undefined && 'pid' in state ? state.pid ?? 0 : 0;
}

const running = (supervisor: Supervisor, id: string): Promise<void> =>
  until(`${id} is running`, () => supervisor.states().get(id)?.kind === 'running');

const small: ProxySpec = { id: 'default/gateway', concurrency: 1 };

test('an Envoy is started, becomes ready, is stopped, and leaves only its logs', async () => {
  await using dir = await temporaryDir();
  const { supervisor, seen, path, ...rest } = await rig(dir.path);
  await supervisor.reconcile(wanted(small));
  await running(supervisor, small.id);
  const pid = pidOf(supervisor, small.id);
  assert.equal(await supervisor.admin(small.id)?.ready(), true);
  await rest[Symbol.asyncDispose]();
  assert.equal(processStart(pid), undefined);
  assert.deepEqual(seen.map(([, state]) => state.kind), ['starting', 'starting', 'running', 'draining', 'stopped']);
  const files = join(path, 'envoy', 'default_gateway');
  assert.ok(existsSync(join(files, 'envoy.log')));
  assert.ok(!existsSync(join(files, 'admin.sock')));
  assert.ok(!existsSync(join(files, 'pid.json')));
});

test('an Envoy that is killed is started again', async () => {
  await using dir = await temporaryDir();
  await using it = await rig(dir.path, { backOff: { firstMs: 10 } });
  await it.supervisor.reconcile(wanted(small));
  await running(it.supervisor, small.id);
  const first = pidOf(it.supervisor, small.id);
  process.kill(first, 'SIGKILL');
  await until('another process runs', () => it.supervisor.states().get(small.id)?.kind === 'running' && pidOf(it.supervisor, small.id) !== first);
  const backOffs = it.seen.map(([, state]) => state).filter((state) => state.kind === 'backoff');
  assert.deepEqual(backOffs.map(({ reason, failures }) => ({ reason, failures })), [{ reason: 'killed by SIGKILL', failures: 1 }]);
});

test('an Envoy that refuses to start is tried again less and less often, and says why', async () => {
  await using dir = await temporaryDir();
  await using it = await rig(dir.path, { backOff: { firstMs: 4, maxMs: 20 }, random: () => 0 });
  await it.supervisor.reconcile(wanted({ ...small, extraArgs: ['--no-such-argument'] }));
  const backOffs = (): Extract<ProxyState, { kind: 'backoff' }>[] => it.seen.map(([, state]) => state).filter((state) => state.kind === 'backoff');
  await until('five failures', () => backOffs().length >= 5);
  assert.deepEqual(backOffs().slice(0, 5).map(({ delayMs }) => delayMs), [4, 8, 16, 20, 20]);
  assert.match(backOffs()[0]?.reason ?? '', /^exited with status 1: .*no-such-argument/);
});

test('the same wish again does not cut a back-off short, another one does', async () => {
  await using dir = await temporaryDir();
  await using it = await rig(dir.path, { backOff: { firstMs: 60_000, maxMs: 60_000 }, random: () => 0 });
  const broken = (): ProxySpec => ({ ...small, extraArgs: ['--no-such-argument'], customize: (own) => ({ ...own }) });
  await it.supervisor.reconcile(wanted(broken()));
  await until('a failure', () => it.supervisor.states().get(small.id)?.kind === 'backoff');
  const seen = it.seen.length;
  for (let i = 0; i < 5; i++) await it.supervisor.reconcile(wanted(broken()));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(it.seen.length, seen);
  await it.supervisor.reconcile(wanted(small));
  await running(it.supervisor, small.id);
});

test('a bootstrap that cannot be made is a failed start, not a crash', async () => {
  await using dir = await temporaryDir();
  await using it = await rig(dir.path);
  const customize = (): never => { throw new Error('no such field'); };
  await it.supervisor.reconcile(wanted({ ...small, customize }));
  await until('a failure', () => it.supervisor.states().get(small.id)?.kind === 'backoff');
  assert.match(JSON.stringify(it.supervisor.states().get(small.id)), /no such field/);
  await it.supervisor.reconcile(wanted(small));
  await running(it.supervisor, small.id);
  const before = pidOf(it.supervisor, small.id);
  await it.supervisor.reconcile(wanted({ ...small, customize }));
  await until('it shows', () => JSON.stringify(it.supervisor.states().get(small.id)).includes('no such field'));
  assert.equal(pidOf(it.supervisor, small.id), before);
});

test('a bootstrap that Envoy refuses is told in its own words', async () => {
  await using dir = await temporaryDir();
  await using it = await rig(dir.path);
  await it.supervisor.reconcile(wanted({ ...small, customize: (own) => ({ ...own, admin: { address: 'nowhere' } }) }));
  await until('a failure', () => it.seen.some(([, state]) => state.kind === 'backoff'));
  const state = it.seen.map(([, each]) => each).find((each) => each.kind === 'backoff');
  assert.match(state?.reason ?? '', /invalid JSON in envoy.config.bootstrap.v3.Bootstrap @ admin.address/);
});

test('a program that does not exist fails each attempt, not the supervisor', async () => {
  await using dir = await temporaryDir();
  await using it = await rig(dir.path, { binary: join(dir.path, 'gone'), backOff: { firstMs: 1, maxMs: 1 } });
  await it.supervisor.reconcile(wanted(small));
  await until('two failures', () => it.seen.filter(([, state]) => state.kind === 'backoff').length >= 2);
  assert.match(JSON.stringify(it.seen), /cannot start .*gone/);
});

test('an Envoy outlives its supervisor and is adopted by the next one, with the same process', async () => {
  await using dir = await temporaryDir();
  const first = await rig(dir.path);
  await first.supervisor.reconcile(wanted(small));
  await running(first.supervisor, small.id);
  const pid = pidOf(first.supervisor, small.id);
  await first.supervisor.detach();
  await first[Symbol.asyncDispose]();
  assert.notEqual(processStart(pid), undefined);

  await using second = await rig(dir.path, { backOff: { firstMs: 10 } });
  await second.supervisor.reconcile(wanted(small));
  await running(second.supervisor, small.id);
  assert.deepEqual(second.supervisor.states().get(small.id), { kind: 'running', pid, adopted: true });
  // One that is no child is watched all the same.
  process.kill(pid, 'SIGKILL');
  await until('another process runs', () => second.supervisor.states().get(small.id)?.kind === 'running' && pidOf(second.supervisor, small.id) !== pid);
});

test('an Envoy whose control plane is killed goes on, and the next control plane on the same directory adopts it', async () => {
  await using dir = await temporaryDir();
  const here = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);
  const script = `
    const { Supervisor } = await import(${here('./supervisor.ts')});
    const { openStateDir } = await import(${here('./state-dir.ts')});
    const log = { debug() {}, info() {}, warn() {}, error: console.error };
    const stateDir = await openStateDir({ path: ${JSON.stringify(dir.path)} });
    const onState = (id, state) => state.kind === 'running' && console.log(state.pid);
    const supervisor = new Supervisor({ stateDir, binary: ${JSON.stringify(binary)}, log, initialFetchTimeoutMs: 10, onState });
    await supervisor.reconcile(new Map([[${JSON.stringify(small.id)}, ${JSON.stringify(small)}]]));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [output] = await once(child.stdout, 'data') as [Buffer];
  const pid = Number(output.toString());
  await assert.rejects(openStateDir({ path: dir.path }), new RegExp(`in use by another instance, process ${child.pid}: `));
  child.kill('SIGKILL');
  await once(child, 'exit');
  await using it = await rig(dir.path);
  await it.supervisor.reconcile(wanted(small));
  await running(it.supervisor, small.id);
  assert.deepEqual(it.supervisor.states().get(small.id), { kind: 'running', pid, adopted: true });
});

test('an Envoy that was left running with other settings is replaced, and one that nobody wants is stopped', async () => {
  await using dir = await temporaryDir();
  const first = await rig(dir.path);
  const unwanted = { id: 'default/old', concurrency: 1 };
  await first.supervisor.reconcile(wanted(small, unwanted));
  await running(first.supervisor, small.id);
  await running(first.supervisor, unwanted.id);
  const pids = [pidOf(first.supervisor, small.id), pidOf(first.supervisor, unwanted.id)];
  await first.supervisor.detach();
  await first[Symbol.asyncDispose]();

  await using second = await rig(dir.path);
  await second.supervisor.reconcile(wanted({ ...small, concurrency: 2 }));
  await until('both are gone', () => pids.every((pid) => processStart(pid) === undefined));
  await running(second.supervisor, small.id);
  assert.notEqual(pidOf(second.supervisor, small.id), pids[0]);
  await until('its directory is gone', () => !existsSync(join(dir.path, 'envoy', 'default_old')));
  assert.deepEqual([...second.supervisor.states().keys()], [small.id]);
});

test('settings that Envoy refuses leave the old process in place', async () => {
  await using dir = await temporaryDir();
  await using it = await rig(dir.path, { backOff: { firstMs: 20 } });
  await it.supervisor.reconcile(wanted(small));
  await running(it.supervisor, small.id);
  const pid = pidOf(it.supervisor, small.id);
  await it.supervisor.reconcile(wanted({ ...small, logLevel: 'shouting' }));
  await until('the failure shows', () => JSON.stringify(it.supervisor.states().get(small.id)).includes('outdated'));
  const state = it.supervisor.states().get(small.id);
  assert.ok(state?.kind === 'running' && /shouting/.test(state.outdated ?? ''), JSON.stringify(state));
  assert.equal(state.pid, pid);
  await it.supervisor.reconcile(wanted(small));
  await until('all is well again', () => !JSON.stringify(it.supervisor.states().get(small.id)).includes('outdated'));
  assert.equal(pidOf(it.supervisor, small.id), pid);
});

test('a replacement under load fails no request', async () => {
  await using dir = await temporaryDir();
  await using upstream = await backend((_, response) => response.end('ok'));
  const port = await freePort();
  const spec: ProxySpec = { ...small, customize: (own) => withListener(own, { port, upstream: upstream.port }) };
  await using it = await rig(dir.path);
  await it.supervisor.reconcile(wanted(spec));
  await running(it.supervisor, spec.id);
  const pid = pidOf(it.supervisor, spec.id);
  const statuses: number[] = [];
  let loading = true;
  const load = (async () => {
    while (loading) statuses.push((await ask(port)).status);
  })();
  await until('some requests are answered', () => statuses.length > 20);
  await it.supervisor.reconcile(wanted({ ...spec, concurrency: 2 }));
  await until('the old process is gone', () => processStart(pid) === undefined);
  const soFar = statuses.length;
  await until('the new one answers', () => statuses.length > soFar + 20);
  loading = false;
  await load;
  assert.deepEqual(new Set(statuses), new Set([200]));
});

test('a drain waits for a request under way', async () => {
  await using dir = await temporaryDir();
  const arrived = Promise.withResolvers<ServerResponse>();
  await using upstream = await backend((_, response) => arrived.resolve(response));
  const port = await freePort();
  await using it = await rig(dir.path);
  const spec: ProxySpec = { ...small, customize: (own) => withListener(own, { port, upstream: upstream.port }) };
  await it.supervisor.reconcile(wanted(spec));
  await running(it.supervisor, spec.id);
  const answer = ask(port);
  const response = await arrived.promise;
  const admin = it.supervisor.admin(spec.id);
  await it.supervisor.reconcile(new Map());
  await until('Envoy drains', async () => (await admin?.stats('^server\\.live$'))?.get('server.live') === 0);
  assert.equal(it.supervisor.states().get(spec.id)?.kind, 'draining');
  response.end('late');
  assert.deepEqual(await answer, { status: 200, body: 'late' });
  await until('the proxy is gone', () => !it.supervisor.states().has(spec.id));
});

test('a drain does not wait for ever', async () => {
  await using dir = await temporaryDir();
  const arrived = Promise.withResolvers<void>();
  await using upstream = await backend(() => arrived.resolve());
  const port = await freePort();
  await using it = await rig(dir.path, { drain: { timeoutMs: 300 } });
  const spec: ProxySpec = { ...small, customize: (own) => withListener(own, { port, upstream: upstream.port }) };
  await it.supervisor.reconcile(wanted(spec));
  await running(it.supervisor, spec.id);
  const answer = ask(port).then(({ status }) => status, () => 'broken');
  await arrived.promise;
  const started = performance.now();
  await it.supervisor.reconcile(new Map());
  await until('the proxy is gone', () => !it.supervisor.states().has(spec.id));
  assert.ok(performance.now() - started >= 300);
  assert.equal(await answer, 'broken');
});

test('a drain does not wait for a client that keeps its connection and asks for nothing', async () => {
  await using dir = await temporaryDir();
  await using upstream = await backend((_, response) => response.end('ok'));
  const port = await freePort();
  await using it = await rig(dir.path, { drain: { timeoutMs: 60_000, idleMs: 100 } });
  const spec: ProxySpec = { ...small, customize: (own) => withListener(own, { port, upstream: upstream.port }) };
  await it.supervisor.reconcile(wanted(spec));
  await running(it.supervisor, spec.id);
  const client = connect(port, '127.0.0.1');
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(client, 'data');
  const closed = once(client, 'close');
  await it.supervisor.reconcile(new Map());
  await until('the proxy is gone', () => !it.supervisor.states().has(spec.id), 5000);
  await closed;
});

test('a proxy that is wanted again while it drains is served by a new process at once', async () => {
  await using dir = await temporaryDir();
  const arrived = Promise.withResolvers<ServerResponse>();
  await using upstream = await backend((request, response) => (request.url === '/slow' ? arrived.resolve(response) : response.end('ok')));
  const port = await freePort();
  await using it = await rig(dir.path);
  const spec: ProxySpec = { ...small, customize: (own) => withListener(own, { port, upstream: upstream.port }) };
  await it.supervisor.reconcile(wanted(spec));
  await running(it.supervisor, spec.id);
  const pid = pidOf(it.supervisor, spec.id);
  const answer = ask(port, '/slow');
  const response = await arrived.promise;
  await it.supervisor.reconcile(new Map());
  await it.supervisor.reconcile(wanted(spec));
  await running(it.supervisor, spec.id);
  assert.notEqual(pidOf(it.supervisor, spec.id), pid);
  response.end('late');
  assert.equal((await answer).status, 200);
  await until('the old process is gone', () => processStart(pid) === undefined);
  assert.equal((await ask(port)).status, 200);
});

test('two instances run side by side, and a port that the other one holds is told', async () => {
  await using dir = await temporaryDir();
  await using upstream = await backend((_, response) => response.end('ok'));
  const port = await freePort();
  await using one = await rig(join(dir.path, 'one'));
  await using two = await rig(join(dir.path, 'two'));
  await one.supervisor.reconcile(wanted({ ...small, customize: (own) => withListener(own, { port, upstream: upstream.port }) }));
  await two.supervisor.reconcile(wanted(small));
  await running(one.supervisor, small.id);
  await running(two.supervisor, small.id);
  assert.equal((await one.supervisor.heldPorts()).get(`${port}/TCP`), small.id);
  const want = [{ proxy: small.id, port, address: '127.0.0.1' }];
  const [own] = await new PortBinder({ heldPorts: () => one.supervisor.heldPorts() }).resolve(want);
  const [foreign] = await new PortBinder({ heldPorts: () => two.supervisor.heldPorts() }).resolve(want);
  assert.equal(own?.bound, port);
  assert.match(foreign?.error ?? '', new RegExp(`^port ${port} is taken by `));
});

test('logs that grow too large are rotated while Envoy runs', async () => {
  await using dir = await temporaryDir();
  await using it = await rig(dir.path, { logBounds: { maxBytes: 10_000, keep: 2 }, logCheckMs: 20 });
  await it.supervisor.reconcile(wanted({ ...small, logLevel: 'trace', extraArgs: ['--file-flush-interval-msec', '50'] }));
  await running(it.supervisor, small.id);
  const log = join(dir.path, 'envoy', 'default_gateway', 'envoy.log');
  await until('two generations', () => existsSync(`${log}.2`));
  await until('Envoy writes into the new file', async () => (await readFile(log, 'utf8').catch(() => '')).length > 0);
});

/** An HTTP server on a port of its own. */
async function backend(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<{ readonly port: number } & AsyncDisposable> {
  const server = createServer(answer);
  const port = await listen(server);
  return { port, async [Symbol.asyncDispose]() { server.closeAllConnections(); server.close(); await once(server, 'close'); } };
}

async function freePort(): Promise<number> {
  const server = createNetServer();
  const port = await listen(server);
  server.close();
  await once(server, 'close');
  return port;
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A request on a connection of its own. */
function ask(port: number, path = '/'): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk)).on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    request.on('error', reject);
  });
}
