import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { parseStats } from './admin-client.ts';
import { backOffDefaults, backOffDelay } from './back-off.ts';
import { bootstrap } from './bootstrap.ts';
import { commandLine } from './command-line.ts';
import { clientsOf } from './drain.ts';
import { findEnvoy } from './envoy-binary.ts';
import { temporaryDir } from './testing.ts';

const line = { bootstrapPath: '/b', logPath: '/l', concurrency: 2, logLevel: 'info', drainSeconds: 10 };

test('the bootstrap and the command line are accepted by Envoy', async () => {
  await using dir = await temporaryDir();
  const { path } = await findEnvoy();
  const bootstrapPath = join(dir.path, 'bootstrap.json');
  const content = bootstrap({ id: 'a/b', xdsSocket: join(dir.path, 'xds.sock'), adminSocket: join(dir.path, 'admin.sock'), initialFetchTimeoutMs: 1500 });
  await writeFile(bootstrapPath, JSON.stringify(content));
  const args = commandLine({ ...line, bootstrapPath, logPath: join(dir.path, 'log'), extraArgs: ['--mode', 'validate'] });
  const { stdout } = await promisify(execFile)(path, args);
  assert.match(stdout, /OK/);
});

test('an argument of the user replaces ours in each spelling', () => {
  const args = commandLine({ ...line, extraArgs: ['--concurrency', '7', '-l', 'debug', '--drain-time-s=3'] });
  assert.deepEqual(args, [
    '--config-path', '/b', '--log-path', '/l', '--disable-hot-restart', '--ignore-unknown-dynamic-fields',
    '--concurrency', '7', '-l', 'debug', '--drain-time-s=3',
  ]);
});

test('the back-off doubles up to its limit, and chance takes at most a half away', () => {
  const delays = (random: number): number[] => [1, 2, 3, 9, 10, 1e9].map((failures) => backOffDelay(backOffDefaults, { failures, random }));
  assert.deepEqual(delays(0), [100, 200, 400, 25_600, 30_000, 30_000]);
  assert.deepEqual(delays(0.5), [75, 150, 300, 19_200, 22_500, 22_500]);
  assert.ok(delays(0.999).every((delay, i) => delay >= (delays(0)[i] ?? 0) / 2));
});

test('stats are read, histograms and texts are not', () => {
  const text = 'a.b: 3\nc: 0\nserver.version: "x"\nh: P0(nan,1.0) P25(nan,2)\n\n';
  assert.deepEqual(parseStats(text), new Map([['a.b', 3], ['c', 0]]));
});

test('clients are told apart by what would be lost', () => {
  const judge = (text: string): string => clientsOf(parseStats(text));
  const admin = 'listener.admin.downstream_cx_active: 1\nhttp.admin.downstream_cx_active: 1\nhttp.admin.downstream_rq_active: 1\n';
  assert.equal(judge(admin), 'empty');
  const keptAlive = 'listener.0.0.0.0_80.downstream_cx_active: 2\nlistener.0.0.0.0_80.worker_0.downstream_cx_active: 2\nhttp.http-80.downstream_cx_active: 2\n';
  assert.equal(judge(`${admin}${keptAlive}http.http-80.downstream_rq_active: 0\n`), 'idle');
  assert.equal(judge(`${admin}${keptAlive}http.http-80.downstream_rq_active: 1\n`), 'busy');
  assert.equal(judge(`${keptAlive}listener.0.0.0.0_81.downstream_cx_active: 1\n`), 'busy', 'a connection that is not HTTP');
});
