/**
 * A process that does what `moongate run` does: files in, Envoy out. Its parent may ask what it has pushed.
 *
 *     node gateway.ts DIRECTORY STATE_DIRECTORY ENVOY
 */
import { Instance } from '../../src/app/instance.ts';
import type { Log } from '../../src/util/log.ts';
import type { Pushed } from '../../src/xds/server/events.ts';
import { offsetOfPerformance } from './clock.ts';
import { proxyId } from './world.ts';

/** What the parent gets when it asks: everything since it asked before. Times are those of `now()`. */
export interface GatewayReport {
  readonly pushes: readonly Pushed[];
  readonly problems: readonly string[];
  readonly envoyPid: number | undefined;
}

const [directory = '', state = '', envoy = ''] = process.argv.slice(2);
const offset = offsetOfPerformance();
let pushes: Pushed[] = [];

/** Warnings and errors that are shown; the rest is like them. */
let left = 10;
const say = (fields: object, message: string): void => {
  if (left-- > 0) console.error(message, fields);
};
const log: Log = { debug() {}, info() {}, warn: say, error: say };
const instance = new Instance({
  paths: [directory],
  stateDir: state,
  envoy,
  admin: { host: '127.0.0.1', port: 0 },
  concurrency: 1,
  log,
  onPushed: (pushed) => pushes.push({ ...pushed, at: pushed.at + offset }),
});

process.on('message', (message) => {
  if (message === 'report') {
    const { standalone } = instance;
    const running = standalone?.supervisor.states().get(proxyId);
    const report: GatewayReport = {
      pushes,
      problems: (standalone?.problems ?? []).map(({ file, line, message: text }) => `${file}:${line}: ${text}`),
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

let stopping = false;

async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  const stopped = instance.stop();
  instance.hurry();
  await stopped;
  process.exit();
}

await instance.start();
