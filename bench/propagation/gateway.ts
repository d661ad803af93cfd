/**
 * A process that does what `moongate run` does: files in, Envoy out. Its parent may ask what it has pushed.
 *
 *     node gateway.ts DIRECTORY STATE_DIRECTORY ENVOY
 */
import { Standalone } from '../../src/app/standalone.ts';
import { openStateDir } from '../../src/infra/host/state-dir.ts';
import type { Log } from '../../src/util/log.ts';
import type { Pushed } from '../../src/xds/server/events.ts';
import { offsetOfPerformance } from './clock.ts';
import { controllerName, proxyId } from './world.ts';

/** What the parent gets when it asks: everything since it asked before. Times are those of `now()`. */
export interface GatewayReport {
  readonly started: boolean;
  readonly pushes: readonly Pushed[];
  readonly problems: readonly string[];
  readonly envoyPid: number | undefined;
}

const [directory = '', state = '', envoy = ''] = process.argv.slice(2);
const offset = offsetOfPerformance();
let pushes: Pushed[] = [];
let started = false;

/** Warnings and errors that are shown; the rest is like them. */
let left = 10;
const say = (fields: object, message: string): void => {
  if (left-- > 0) console.error(message, fields);
};
const log: Log = { debug() {}, info() {}, warn: say, error: say };
const stateDir = await openStateDir({ path: state });
const gateway = new Standalone({
  paths: [directory],
  stateDir,
  envoy,
  settings: { controllerNames: [controllerName], ownsEverything: true },
  concurrency: 1,
  log,
  onPushed: (pushed) => pushes.push({ ...pushed, at: pushed.at + offset }),
});

process.on('message', (message) => {
  if (message === 'report') {
    const running = gateway.supervisor.states().get(proxyId);
    const report: GatewayReport = {
      started,
      pushes,
      problems: gateway.problems.map(({ file, line, message: text }) => `${file}:${line}: ${text}`),
      envoyPid: running !== undefined && 'pid' in running ? running.pid : undefined,
    };
    pushes = [];
    process.send?.(report);
  } else {
    void stop();
  }
});
process.on('disconnect', () => void stop());
process.on('SIGTERM', () => void stop());
process.on('SIGINT', () => void stop());

async function stop(): Promise<void> {
  gateway.supervisor.hurry();
  const stopped = gateway.stop();
  gateway.supervisor.hurry();
  await stopped;
  await stateDir.release();
  process.exit();
}

await gateway.start();
started = true;
