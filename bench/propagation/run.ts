import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from './children.ts';
import { measureCpu, measureEndpoints, measureLoad, measureTimes } from './measure.ts';
import { freePort } from './ports.ts';
import type { Result } from './result.ts';
import { percentile, round, summary } from './statistics.ts';
import { startFloor, startGateway } from './system.ts';
import { memoryMb } from './usage.ts';
import { changedHost, host, routeYaml, writeWorld } from './world.ts';

/** Time between two changes under load, ms. */
const loadPauseMs = 100;
/** Routes that get requests besides the changed one. */
const loadedRoutes = 200;

export interface RunOptions {
  readonly routes: number;
  /** How often the route is changed in each part. */
  readonly rounds: number;
  readonly oneFile: boolean;
  readonly envoy: string;
  /** Options of Node for the control plane. */
  readonly nodeArgs: readonly string[];
  /** Hears what is being done; `passing` texts are of the moment. */
  readonly progress: (text: string, passing?: boolean) => void;
  /** Takes what must be ended and removed, whatever happens. */
  readonly stack: AsyncDisposableStack;
}

/** Measures one number of routes. */
export async function run(options: RunOptions): Promise<Result> {
  const { routes, rounds, oneFile, envoy, nodeArgs, stack } = options;
  const progress = (text: string, passing = false): void => options.progress(`${routes} routes: ${text}`, passing);
  const directory = mkdtempSync(join(tmpdir(), 'moongate-bench-'));
  stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  const backend = stack.use(Child.fork(join(import.meta.dirname, 'backend.ts'), []));
  const { ports } = await backend.next<{ readonly ports: readonly number[] }>();
  const port = await freePort();
  const world = writeWorld(join(directory, 'resources'), { routes, port, backends: ports, oneFile });
  const changed = join(directory, 'changed.yaml');
  writeFileSync(changed, routeYaml(routes - 1, 'v1'));
  const common = { envoy, host: changedHost(routes) };

  progress('starting', true);
  const gateway = stack.use(await startGateway(world, { ...common, port, state: join(directory, 'state'), nodeArgs }));
  progress(`ready after ${gateway.readyMs.toFixed(0)} ms with ${memoryMb(gateway.pid).now.toFixed(0)} MiB`);
  progress('preparing the floors', true);
  const floor = stack.use(await startFloor(world, { ...common, port: await freePort(), state: join(directory, 'floor'), shards: 0, changed }));
  const oneTable = stack.use(await startFloor(world, { ...common, port: await freePort(), state: join(directory, 'table'), shards: 1, changed }));

  let done = 0;
  const times = await measureTimes({ gateway, floor, oneTable }, { host: common.host, rounds, tick: () => progress(`change ${++done} of ${rounds}`, true) });
  progress(`one change took ${summary(times.effect).p50.toFixed(1)} ms, Envoy was asked every ${percentile(times.gaps, 0.5).toFixed(2)} ms`);
  progress('CPU per change', true);
  const cpu = await measureCpu(gateway, rounds);
  progress('changes under load', true);
  const otherHosts = Array.from({ length: Math.min(routes - 1, loadedRoutes) }, (_, i) => host(i));
  const load = await measureLoad(gateway, { host: common.host, otherHosts, rounds, pauseMs: loadPauseMs });
  const pushed = await measureEndpoints(gateway, world.prepareEndpoints(ports.slice(0, 1)));
  progress(`a changed endpoint pushed ${pushed}`);
  if (pushed !== oneAssignment) throw new Error(`a changed endpoint pushed ${pushed}, not ${oneAssignment} alone`);
  return {
    routes,
    ready_ms: round(gateway.readyMs),
    change_to_bytes_ms: summary(times.bytes),
    change_to_effect_ms: summary(times.effect),
    floor_effect_ms: summary(times.floor),
    floor_one_table_ms: summary(times.floorOneTable),
    cp_cpu_ms_per_change: round(cpu.controlPlane),
    envoy_cpu_ms_per_change: round(cpu.envoy),
    cp_rss_mb: round(memoryMb(gateway.pid).now),
    envoy_rss_mb: round(memoryMb(gateway.envoyPid).now),
    ...load,
  };
}

const oneAssignment = '1 of EDS';
