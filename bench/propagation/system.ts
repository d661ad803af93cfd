import { writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FloorMessage } from '../floor.ts';
import { bootstrap } from '../../src/infra/host/bootstrap.ts';
import { commandLine } from '../../src/infra/host/command-line.ts';
import { Child } from './children.ts';
import { now } from './clock.ts';
import { Connection } from './connection.ts';
import type { GatewayReport } from './gateway.ts';
import { firstVersion, proxyId, type World } from './world.ts';

/** How long any control plane and its Envoy may take until they serve, ms. */
const readyMs = 180_000;

/** A control plane with its Envoy, and a way to change one route. */
export interface System extends AsyncDisposable {
  readonly port: number;
  /** Changes the route; resolves to the time of the event, ms. */
  readonly change: (version: string) => Promise<number>;
}

/** The real thing. */
export interface Gateway extends System {
  readonly pid: number;
  readonly envoyPid: number;
  readonly readyMs: number;
  readonly report: () => Promise<GatewayReport>;
}

/** Starts what `moongate run` starts, and waits until the last route answers. */
export async function startGateway(world: World, options: { readonly port: number; readonly state: string; readonly envoy: string; readonly host: string; readonly nodeArgs: readonly string[] }): Promise<Gateway> {
  const { port, host } = options;
  const start = now();
  const child = Child.fork(join(import.meta.dirname, 'gateway.ts'), [world.directory, options.state, options.envoy], options.nodeArgs);
  try {
    const at = await served(port, host, child);
    const { envoyPid, problems } = await child.ask<GatewayReport>('report');
    if (problems.length > 0) throw new Error(problems.slice(0, 3).join('\n'));
    if (envoyPid === undefined) throw new Error('no Envoy is running');
    return {
      port,
      pid: child.pid,
      envoyPid,
      readyMs: at - start,
      report: () => child.ask('report'),
      async change(version) {
        const place = world.prepareRoute(version);
        const before = now();
        place();
        return before;
      },
      [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
    };
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
}

/** Starts the least that can serve the same resources, cut into `shards` (0: as the real one cuts them). */
export async function startFloor(world: World, options: { readonly port: number; readonly state: string; readonly envoy: string; readonly host: string; readonly shards: number; readonly changed: string }): Promise<System> {
  const { port, state, host, shards, changed } = options;
  await mkdir(state);
  const socket = join(state, 'xds.sock');
  const bootstrapPath = join(state, 'bootstrap.json');
  const own = bootstrap({ id: proxyId, xdsSocket: socket, adminSocket: join(state, 'admin.sock') });
  writeFileSync(bootstrapPath, JSON.stringify(own));
  const server = Child.fork(join(import.meta.dirname, '../floor.ts'), [world.directory, socket, String(port), String(shards), changed], ['--expose-gc']);
  await using stack = new AsyncDisposableStack();
  stack.use(server);
  await server.next<FloorMessage>();
  const envoy = stack.use(Child.spawn(options.envoy, commandLine({ bootstrapPath, logPath: join(state, 'envoy.log'), concurrency: 1, logLevel: 'warning', drainSeconds: 1 })));
  await served(port, host, envoy);
  const all = stack.move();
  return {
    port,
    async change(version) {
      const { pushedAt } = await server.ask<{ pushedAt: number }>(version);
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
