import assert from 'node:assert/strict';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { silentLog } from '../../util/log.ts';
import { Companion } from './companion.ts';
import { isAlive, processStart } from './process-identity.ts';
import { until } from './testing.ts';

/** Ends with its standard input. */
const faithful = ['-e', 'process.stdin.on("end", () => process.exit(0)).resume()'];

function companion(args: readonly string[]): Companion {
  return new Companion({ name: 'a companion', program: process.execPath, args, log: silentLog, backOff: { firstMs: 10 }, stopMs: 5_000 });
}

test('a companion is started again when it dies, and ends when told', async () => {
  const one = companion(faithful);
  one.start();
  await until('it runs', () => one.pid !== undefined);
  const first = one.pid ?? 0;
  process.kill(first, 'SIGKILL');
  await until('it runs again', () => one.pid !== undefined && one.pid !== first);
  const second = { pid: one.pid ?? 0, start: processStart(one.pid ?? 0) ?? '' };
  await one.stop();
  assert.equal(isAlive(second), false);
  assert.equal(one.pid, undefined);
});

test('a companion ends when the process that started it is killed', async () => {
  const module = JSON.stringify(new URL('companion.ts', import.meta.url).href);
  const script = `
    const { Companion } = await import(${module});
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const one = new Companion({ name: 'a companion', program: process.execPath, args: ${JSON.stringify(faithful)}, log });
    one.start();
    console.log(one.pid);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  const identity = { pid, start: processStart(pid) ?? '' };
  assert.ok(isAlive(identity));
  parent.kill('SIGKILL');
  await until('it has ended', () => !isAlive(identity));
});

test('one that cannot be started is tried again until it is stopped', async () => {
  const errors: object[] = [];
  const one = new Companion({
    name: 'a companion', program: '/nowhere/to/be/found', args: [], backOff: { firstMs: 5 },
    log: { ...silentLog, error: (fields) => void errors.push(fields) },
  });
  one.start();
  await until('it was tried twice', () => errors.length >= 2);
  await one.stop();
  assert.match(JSON.stringify(errors[0]), /cannot start \/nowhere/);
});
