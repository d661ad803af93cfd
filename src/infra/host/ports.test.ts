import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';

import { listeningSockets } from './port-holder.ts';
import { PortBinder, probePort } from './ports.ts';
import type { ProbeResult } from './ports.ts';

/** A machine: what a probe of each port shows; the rest is free. */
function machine(ports: { readonly [port: number]: ProbeResult }): { probe: (port: number) => Promise<ProbeResult>; probed: number[] } {
  const probed: number[] = [];
  return { probed, probe: (port) => (probed.push(port), Promise.resolve(ports[port] ?? 'free')) };
}

test('a free port is bound as it is', async () => {
  const binder = new PortBinder(machine({}));
  assert.deepEqual(await binder.resolve([{ proxy: 'a/g', port: 80 }]), [{ proxy: 'a/g', port: 80, bound: 80 }]);
});

test('80 and 443 become 8080 and 8443 for a user who may not bind them, with a note', async () => {
  const binder = new PortBinder(machine({ 80: 'forbidden', 443: 'forbidden' }));
  const [http, https] = await binder.resolve([{ proxy: 'a/g', port: 80 }, { proxy: 'a/g', port: 443 }]);
  assert.equal(http?.bound, 8080);
  assert.match(http.note ?? '', /port 80 needs a privilege .*: listening on port 8080 in its place/);
  assert.equal(https?.bound, 8443);
});

test('80 becomes 10080 when another listener asks for 8080 itself', async () => {
  const binder = new PortBinder(machine({ 80: 'forbidden' }));
  const results = await binder.resolve([{ proxy: 'a/g', port: 80 }, { proxy: 'a/g', port: 8080 }]);
  assert.deepEqual(results.map(({ bound }) => bound), [10080, 8080]);
});

test('a forbidden port whose stand-in is taken names both', async () => {
  const binder = new PortBinder({ ...machine({ 80: 'forbidden', 8080: 'taken' }), holder: async () => '"nginx" (pid 7)' });
  const [result] = await binder.resolve([{ proxy: 'a/g', port: 80 }]);
  assert.match(result?.error ?? '', /^port 80 needs a privilege .*, and port 8080 is taken by "nginx" \(pid 7\): stop that process/);
});

test('of two proxies that want one port the first has it and the second is told who', async () => {
  const binder = new PortBinder(machine({}));
  const [first, second] = await binder.resolve([{ proxy: 'a/one', port: 80 }, { proxy: 'a/two', port: 80 }]);
  assert.equal(first?.bound, 80);
  assert.match(second?.error ?? '', /^port 80 belongs to a\/one/);
  assert.ok((second?.retryAfterMs ?? 0) > 0);
});

test('a newcomer that comes earlier in the order does not take a port away', async () => {
  const binder = new PortBinder(machine({}));
  await binder.resolve([{ proxy: 'a/two', port: 80 }]);
  const [newcomer, old] = await binder.resolve([{ proxy: 'a/one', port: 80 }, { proxy: 'a/two', port: 80 }]);
  assert.match(newcomer?.error ?? '', /^port 80 belongs to a\/two/);
  assert.equal(old?.bound, 80);
});

test('two proxies may have one port on two addresses', async () => {
  const binder = new PortBinder(machine({}));
  const results = await binder.resolve([{ proxy: 'a/one', port: 80, address: '127.0.0.1' }, { proxy: 'a/two', port: 80, address: '127.0.0.2' }]);
  assert.deepEqual(results.map(({ bound }) => bound), [80, 80]);
});

test('a port that two proxies want goes to the second when the first lets go', async () => {
  const binder = new PortBinder(machine({}));
  await binder.resolve([{ proxy: 'a/one', port: 80 }, { proxy: 'a/two', port: 80 }]);
  const [result] = await binder.resolve([{ proxy: 'a/two', port: 80 }]);
  assert.equal(result?.bound, 80);
});

test('a port that was given is not probed again while it is wanted, and is after release', async () => {
  const { probe, probed } = machine({});
  const binder = new PortBinder({ probe });
  await binder.resolve([{ proxy: 'a/g', port: 80 }]);
  await binder.resolve([{ proxy: 'a/g', port: 80 }]);
  assert.deepEqual(probed, [80]);
  binder.release('a/g');
  await binder.resolve([{ proxy: 'a/g', port: 80 }]);
  assert.deepEqual(probed, [80, 80]);
});

test('a port on which our own Envoy listens already is not probed', async () => {
  const { probe, probed } = machine({ 80: 'taken' });
  const binder = new PortBinder({ probe, heldPorts: async () => new Map([['80/TCP', 'a/g']]) });
  const [result] = await binder.resolve([{ proxy: 'a/g', port: 80 }]);
  assert.equal(result?.bound, 80);
  assert.deepEqual(probed, []);
});

test('a port that another of our Envoys has not given up yet says so', async () => {
  const binder = new PortBinder({ ...machine({ 80: 'taken' }), heldPorts: async () => new Map([['80/TCP', 'a/old']]) });
  const [result] = await binder.resolve([{ proxy: 'a/new', port: 80 }]);
  assert.match(result?.error ?? '', /^port 80 is still held by a\/old/);
});

test('UDP has port numbers of its own', async () => {
  const binder = new PortBinder(machine({}));
  const results = await binder.resolve([{ proxy: 'a/one', port: 53 }, { proxy: 'a/two', port: 53, transport: 'UDP' }]);
  assert.deepEqual(results.map(({ bound, error }) => error ?? bound), [53, 53]);
});

test('a UDP port that a real process holds is an error that names the process', async () => {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  try {
    const [udp, tcp] = await new PortBinder().resolve([{ proxy: 'a/g', port, transport: 'UDP' }, { proxy: 'a/g', port }]);
    assert.match(udp?.error ?? '', process.platform === 'linux' ? new RegExp(`^port ${port} is taken by .*\\(pid ${process.pid}\\)`) : /another process/);
    assert.equal(tcp?.bound, port);
  } finally {
    socket.close();
  }
});

test('one proxy may ask for a port several times', async () => {
  const { probe, probed } = machine({});
  const results = await new PortBinder({ probe }).resolve([{ proxy: 'a/g', port: 80 }, { proxy: 'a/g', port: 80 }]);
  assert.deepEqual(results.map(({ bound }) => bound), [80, 80]);
  assert.deepEqual(probed, [80]);
});

test('a port that a real process holds is an error that names the port and the process', async () => {
  const server = createServer().listen({ port: 0, host: '127.0.0.1' });
  await new Promise((resolve) => server.on('listening', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const [result] = await new PortBinder().resolve([{ proxy: 'a/g', port, address: '0.0.0.0' }]);
    assert.match(result?.error ?? '', new RegExp(`^port ${port} is taken by .*: stop that process, or give the listener another port`));
    assert.match(result?.error ?? '', process.platform === 'linux' ? new RegExp(`\\(pid ${process.pid}\\)`) : /another process/);
  } finally {
    server.close();
  }
});

test('a port that is free again is bound when asked again', async () => {
  const server = createServer().listen({ port: 0, host: '0.0.0.0' });
  await new Promise((resolve) => server.on('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const binder = new PortBinder();
  const [before] = await binder.resolve([{ proxy: 'a/g', port }]);
  await new Promise((resolve) => server.close(resolve));
  const [after] = await binder.resolve([{ proxy: 'a/g', port }]);
  assert.match(before?.error ?? '', /is taken by/);
  assert.equal(after?.bound, port);
});

test('a real probe tells a forbidden port from a free one', { skip: process.getuid?.() !== 0 && 'needs root, to become somebody who is not' }, () => {
  const script = `
    import { probePort } from ${JSON.stringify(new URL('./ports.ts', import.meta.url).href)};
    process.setgid(65534);
    process.setuid(65534);
    console.log(await probePort(1, '127.0.0.1'), await probePort(0, '127.0.0.1'));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  assert.equal(output.trim(), 'forbidden free');
});

test('an address that is not ours is told apart from a taken port', async () => {
  assert.equal(await probePort(0, '192.0.2.1'), 'no-such-address');
  assert.equal(await probePort(0, '127.0.0.1'), 'free');
});

test('only listening sockets of the very port are found in the socket table', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 41257 1 0 100 0 0 10 0',
    '   1: 0100007F:1F90 0100007F:A001 01 00000000:00000000 00:00000000 00000000  1000        0 41258 1 0 100 0 0 10 0',
    '   2: 00000000:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 41259 1 0 100 0 0 10 0',
  ].join('\n');
  assert.deepEqual(listeningSockets(table, 8080), [{ inode: '41257', uid: 1000 }]);
});
