/**
 * Whole route tables against tables cut into shards: `node bench/layout.ts [--rounds N] [--hosts N]`. What a change of one route takes
 * from the push to its effect, and what the shard filter costs each request. docs/xds-layout.md draws the conclusion.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { findEnvoy } from '../src/infra/host/envoy-binary.ts';
import { Child } from './propagation/children.ts';
import { now } from './propagation/clock.ts';
import { Connection } from './propagation/connection.ts';
import { measureEffect } from './propagation/measure.ts';
import { freePort } from './propagation/ports.ts';
import { percentile } from './propagation/statistics.ts';
import { startFloor, type System } from './propagation/system.ts';
import { cpuMs, memoryMb } from './propagation/usage.ts';
import { changedHost, firstVersion, routeYaml, writeWorld } from './propagation/world.ts';

const { values: args } = parseArgs({ options: { rounds: { type: 'string', default: '40' }, hosts: { type: 'string' } } });
const rounds = Number(args.rounds);
const sizes = args.hosts === undefined ? [500, 1_000, 1_500, 2_000, 3_000] : [Number(args.hosts)];
/** Time between two changes while their CPU is measured, ms. */
const pauseMs = 30;
/** Requests are sent in blocks, to one layout and then to the other, so that the machine's moods hit both. */
const blocks = 30;
const requestsInBlock = 1_000;
const connections = 8;

/** CPU of Envoy for each change while nobody sends requests, ms. */
async function cpuPerChange(system: System): Promise<number> {
  const spent = async (each: (i: number) => Promise<unknown>): Promise<number> => {
    const before = cpuMs(system.envoyPid);
    for (let i = 0; i < rounds; i++) {
      await each(i);
      await sleep(pauseMs);
    }
    return cpuMs(system.envoyPid) - before;
  };
  const idle = await spent(async () => {});
  const busy = await spent((i) => system.change(i % 2 === 0 ? 'v1' : firstVersion));
  return (busy - idle) / rounds;
}

interface Requests {
  readonly cpuMs: number[];
  readonly perSecond: number[];
}

async function block(system: System, host: string, into: Requests): Promise<void> {
  const opened = await Promise.all(Array.from({ length: connections }, () => Connection.open(system.port)));
  for (const connection of opened) await connection.ask(host);
  const cpu = cpuMs(system.envoyPid);
  const start = now();
  await Promise.all(
    opened.map(async (connection) => {
      for (let i = 0; i < requestsInBlock / connections; i++) await connection.ask(host);
    }),
  );
  into.perSecond.push((requestsInBlock * 1000) / (now() - start));
  into.cpuMs.push((cpuMs(system.envoyPid) - cpu) / requestsInBlock);
  for (const connection of opened) connection.close();
}

async function compare(routes: number, envoy: string): Promise<string> {
  await using stack = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), 'moongate-bench-'));
  stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  const backend = stack.use(Child.fork(join(import.meta.dirname, 'propagation/backend.ts'), []));
  const { ports } = await backend.next<{ readonly ports: readonly number[] }>();
  const world = writeWorld(join(directory, 'resources'), { routes, port: 80, backends: ports, oneFile: false });
  const changed = join(directory, 'changed.yaml');
  writeFileSync(changed, routeYaml(routes - 1, 'v1'));
  const host = changedHost(routes);
  const start = async (shards: number): Promise<System> =>
    stack.use(await startFloor(world, { envoy, host, changed, shards, port: await freePort(), state: join(directory, `shards-${shards}`) }));
  const systems = [await start(1), await start(64)];

  const effects: number[][] = systems.map(() => []);
  for (let round = 1; round <= rounds; round++) {
    for (const [i, system] of systems.entries()) effects[i]?.push((await measureEffect(system, host, round % 2 === 0 ? firstVersion : 'v1')).effectMs);
  }
  const cpu: number[] = [];
  for (const system of systems) cpu.push(await cpuPerChange(system));
  const requests: Requests[] = systems.map(() => ({ cpuMs: [], perSecond: [] }));
  for (let i = 0; i < blocks; i++) {
    for (const [layout, into] of requests.entries()) {
      const system = systems[layout];
      if (system !== undefined) await block(system, host, into);
    }
  }
  const cells = systems.map((system, i) => [
    `${percentile(effects[i] ?? [], 0.5).toFixed(1)} / ${percentile(effects[i] ?? [], 0.9).toFixed(1)}`,
    (cpu[i] ?? 0).toFixed(1),
    (percentile(requests[i]?.cpuMs ?? [], 0.5) * 1000).toFixed(1),
    percentile(requests[i]?.perSecond ?? [], 0.5).toFixed(0),
    memoryMb(system.envoyPid).now.toFixed(0),
  ]);
  const columns = cells[0]?.map((_, column) => cells.map((cell) => cell[column]).join(' | ')) ?? [];
  return `| ${routes} | ${columns.join(' | ')} |`;
}

const envoy = (await findEnvoy({ onProgress: (message) => console.error(message) })).path;
console.log(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}; ${rounds} changes, ${blocks} × ${requestsInBlock} requests on ${connections} connections; each first whole, then 64 shards\n`);
console.log('| hosts | push → effect p50 / p90, ms | | Envoy CPU per change, ms | | Envoy CPU per request, µs | | requests/s | | RSS, MiB | |');
console.log('|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|');
for (const routes of sizes) console.log(await compare(routes, envoy));
