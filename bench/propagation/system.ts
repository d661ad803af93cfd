import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FloorMessage } from '../floor.ts';
import { Child } from './children.ts';
import { now } from './clock.ts';
import { Connection } from './connection.ts';
import type { GatewayReport } from './gateway.ts';
import { firstVersion, type World } from './world.ts';

/** How long any control plane and its Envoy may take until they serve, ms. */
const readyMs = 180_000;

/** A control plane with its Envoy, and a way to change one route. */
export interface System extends AsyncDisposable {
  readonly port: number;
  readonly envoyPid: number;
  /** Changes the route; resolves to the time of the event, ms. */
  readonly change: (version: string) => Promise<number>;
}

/** The real thing. */
export interface Gateway extends System {
  readonly pid: number;
  readonly readyMs: number;
  readonly report: () => Promise<GatewayReport>;
}

interface SystemOptions {
  readonly port: number;
  /** Where it may keep files. */
  readonly state: string;
  readonly envoy: string;
  /** The host of the changed route. */
  readonly host: string;
}

/** Starts what `moongate run` starts, and waits until the last route answers. */
export async function startGateway(world: World, options: SystemOptions & { readonly nodeArgs: readonly string[] }): Promise<Gateway> {
  const { port, host, state, envoy, nodeArgs } = options;
  await using stack = new AsyncDisposableStack();
  const start = now();
  const child = stack.use(Child.fork(join(import.meta.dirname, 'gateway.ts'), [world.directory, state, envoy], nodeArgs));
  const at = await served(port, host, child);
  const report = (): Promise<GatewayReport> => child.ask('report');
  const { envoyPid, problems } = await report();
  if (problems.length > 0) throw new Error(problems.slice(0, 3).join('\n'));
  if (envoyPid === undefined) throw new Error('no Envoy is running');
  const all = stack.move();
  return {
    port,
    pid: child.pid,
    envoyPid,
    readyMs: at - start,
    report,
    async change(version) {
      const place = world.prepareRoute(version);
      const before = now();
      place();
      return before;
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/**
 * Starts the least that can serve the same resources, cut into `shards` (0: as the real one cuts them). `changed` is the
 * file with the other version of the route, 'v1'.
 */
export async function startFloor(world: World, options: SystemOptions & { readonly shards: number; readonly changed: string }): Promise<System> {
  const { port, state, host, shards, changed, envoy } = options;
  await using stack = new AsyncDisposableStack();
  const args = [world.directory, state, String(port), String(shards), changed, envoy];
  const server = stack.use(Child.fork(join(import.meta.dirname, '../floor.ts'), args, ['--expose-gc']));
  const { envoyPid } = await server.next<FloorMessage & { readonly envoyPid: number }>();
  await served(port, host, server);
  const all = stack.move();
  return {
    port,
    envoyPid,
    async change(version) {
      const { pushedAt } = await server.ask<{ readonly pushedAt: number }>(version);
      return pushedAt;
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** When the first version of the route was served. */
async function served(port: number, host: string, by: Child): Promise<number> {
  const end = now() + readyMs;
  while (now() < end) {
    if (!by.running) throw new Error('the process ended before it served anything');
    const connection = await Connection.open(port).catch(() => undefined);
    const answer = await connection?.ask(host).catch(() => undefined);
    connection?.close();
    if (answer?.status === 200 && answer.version === firstVersion) return answer.at;
    await sleep(2);
  }
  throw new Error(`${host} was not served within ${readyMs} ms`);
}
