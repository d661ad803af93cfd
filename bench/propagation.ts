/**
 * How long a changed route takes to reach clients: `npm run bench:propagation [-- --routes N] [--one-file] [--json]`.
 * bench/README.md says what the columns mean.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findEnvoy } from '../src/infra/host/envoy-binary.ts';
import { Child } from './propagation/children.ts';
import { measureCpu, measureEndpoints, measureLoad, measureTimes } from './propagation/measure.ts';
import { percentile, round, summary, type Summary } from './propagation/statistics.ts';
import { startFloor, startGateway } from './propagation/system.ts';
import { memoryMb } from './propagation/usage.ts';
import { changedHost, host, routeYaml, writeWorld } from './propagation/world.ts';

const { values: args } = parseArgs({
  options: {
    routes: { type: 'string' },
    rounds: { type: 'string', default: '60' },
    json: { type: 'boolean', default: false },
    'one-file': { type: 'boolean', default: false },
    'node-arg': { type: 'string', multiple: true, default: ['--max-semi-space-size=4'] },
  },
});

/** One line of the table; `-- --json` prints it. */
interface Result {
  readonly routes: number;
  readonly ready_ms: number;
  readonly change_to_bytes_ms: Summary;
  readonly change_to_effect_ms: Summary;
  readonly floor_effect_ms: Summary;
  readonly floor_one_table_ms: Summary;
  readonly cp_cpu_ms_per_change: number;
  readonly envoy_cpu_ms_per_change: number;
  readonly cp_rss_mb: number;
  readonly envoy_rss_mb: number;
  readonly requests: number;
  readonly failed: number;
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else if (!text.includes('·')) process.stderr.write(`${text}\n`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function run(routes: number): Promise<Result> {
  await using stack = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), 'moongate-bench-'));
  stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  const envoy = (await findEnvoy({ onProgress: progress })).path;
  const backend = stack.use(Child.fork(join(import.meta.dirname, 'propagation/backend.ts'), []));
  const { ports } = await backend.next<{ ports: number[] }>();
  const port = await freePort();
  const world = writeWorld(join(directory, 'resources'), { routes, port, backends: ports, oneFile: args['one-file'] });
  const changed = join(directory, 'changed.yaml');
  writeFileSync(changed, routeYaml(routes - 1, 'v1'));
  const common = { envoy, host: changedHost(routes) };

  progress(`${routes} routes: starting`);
  const gateway = stack.use(await startGateway(world, { ...common, port, state: join(directory, 'state'), nodeArgs: args['node-arg'] }));
  progress(`${routes} routes: ready after ${gateway.readyMs.toFixed(0)} ms, ${memoryMb(gateway.pid).now.toFixed(0)} MiB; preparing the floors`);
  const floor = stack.use(await startFloor(world, { ...common, port: await freePort(), state: join(directory, 'floor'), shards: 0, changed }));
  const oneTable = stack.use(await startFloor(world, { ...common, port: await freePort(), state: join(directory, 'table'), shards: 1, changed }));

  const rounds = Number(args.rounds);
  let done = 0;
  const times = await measureTimes({ gateway, floor, oneTable }, { host: common.host, rounds, tick: () => progress(`${routes} routes: · change ${++done} of ${rounds}`) });
  progress(`${routes} routes: CPU`);
  const cpu = await measureCpu(gateway, rounds);
  progress(`${routes} routes: under load`);
  const load = await measureLoad(gateway, { host: common.host, otherHosts: Array.from({ length: Math.min(routes - 1, 200) }, (_, i) => host(i)), rounds, pauseMs: 150 });
  const endpoints = await measureEndpoints(gateway, world.prepareEndpoints(ports.slice(0, 1)));
  const memory = memoryMb(gateway.pid);
  progress(`${routes} routes: one endpoint changed pushes ${endpoints.pushed}; peak RSS ${memory.peak.toFixed(0)} MiB; asked every ${percentile(times.granularity, 0.5).toFixed(2)} ms`);
  if (endpoints.pushed !== 'EDS +1 -0') throw new Error(`a changed endpoint pushed ${endpoints.pushed}`);
  return {
    routes,
    ready_ms: round(gateway.readyMs),
    change_to_bytes_ms: summary(times.bytes),
    change_to_effect_ms: summary(times.effect),
    floor_effect_ms: summary(times.floor),
    floor_one_table_ms: summary(times.floorOneTable),
    cp_cpu_ms_per_change: round(cpu.controlPlane),
    envoy_cpu_ms_per_change: round(cpu.envoy),
    cp_rss_mb: round(memory.now),
    envoy_rss_mb: round(memoryMb(gateway.envoyPid).now),
    ...load,
  };
}

const results: Result[] = [];
for (const routes of args.routes === undefined ? [100, 1_000, 3_000, 10_000] : [Number(args.routes)]) {
  const result = await run(routes);
  results.push(result);
  console.log(JSON.stringify(result));
}
