/**
 * What transport and protocol of the endpoint picker cost: a picker that looks at nothing, asked by a real Envoy with one worker.
 *
 *     node bench/ext-proc.ts [--rate 2000] [--seconds 5] [--rounds 3] [--body 1024] [--profile]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort, runEnvoy, until } from '../test/e2e/envoy.ts';
import { ask } from '../test/e2e/support/client.ts';
import { extProcBootstrap, fullDuplex, noWait, pickerCluster } from '../test/e2e/support/ext-proc-bootstrap.ts';
import { load } from './ext-proc/load.ts';
import { Child } from './propagation/children.ts';
import { summary } from './propagation/statistics.ts';
import { cpuMs, memoryMb } from './propagation/usage.ts';

const { values: args } = parseArgs({
  options: {
    rate: { type: 'string', default: '2000' },
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    body: { type: 'string', default: '1024' },
    profile: { type: 'boolean', default: false },
  },
});
const asked = { rate: Number(args.rate), seconds: Number(args.seconds), bodyBytes: Number(args.body) };

interface Sum {
  requests: number;
  failed: number;
  seconds: number;
  pickerMs: number;
  envoyMs: number;
  latencies: number[];
}

const directory = await mkdtemp(join(tmpdir(), 'moongate-bench-'));
await using stack = new AsyncDisposableStack();
stack.defer(() => rm(directory, { recursive: true }));
const backend = stack.use(Child.fork(join(import.meta.dirname, 'ext-proc/backend.ts'), ['4']));
const { ports } = await backend.next<{ readonly ports: readonly number[] }>();
const socket = join(directory, 'epp.sock');
const endpoints = ports.map((port) => `127.0.0.1:${port}`);
const picker = stack.use(Child.fork(join(import.meta.dirname, 'ext-proc/picker.ts'), [socket, ...endpoints], args.profile ? ['--cpu-prof', '--max-semi-space-size=16'] : ['--max-semi-space-size=16']));
await picker.next();

const modes = { 'without a picker': undefined, 'streamed, no wait': noWait, 'full duplex': fullDuplex };
const listeners = await Promise.all(Object.values(modes).map(async (filter) => ({ port: await freePort(), ...(filter && { filter }) })));
const admin = join(directory, 'admin.sock');
const envoy = runEnvoy(extProcBootstrap(admin, listeners, [pickerCluster({ pipe: { path: socket } })], ports), admin);
stack.defer(() => envoy.stop());
await until('Envoy answers', async () => (await ask(listeners[0]?.port ?? 0, { method: 'POST', body: 'x' })).status === 200);

const sums = Object.keys(modes).map((): Sum => ({ requests: 0, failed: 0, seconds: 0, pickerMs: 0, envoyMs: 0, latencies: [] }));
for (let round = 0; round <= Number(args.rounds); round++) {
  for (const [i, sum] of sums.entries()) {
    const before = { picker: cpuMs(picker.pid), envoy: cpuMs(envoy.pid) };
    const { latencies, failed, seconds } = await load(listeners[i]?.port ?? 0, asked);
    // The first round is for V8 to compile.
    if (round === 0) continue;
    sum.requests += latencies.length;
    sum.failed += failed;
    sum.seconds += seconds;
    sum.pickerMs += cpuMs(picker.pid) - before.picker;
    sum.envoyMs += cpuMs(envoy.pid) - before.envoy;
    sum.latencies.push(...latencies);
  }
}

console.log(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, ${asked.rate} requests/s wanted, ${asked.bodyBytes} bytes, ${args.rounds} rounds of ${asked.seconds} s; picker ${memoryMb(picker.pid).now.toFixed(0)} MiB`);
const base = summary(sums[0]?.latencies ?? []);
for (const [i, name] of Object.keys(modes).entries()) {
  const { requests, failed, seconds, pickerMs, envoyMs, latencies } = sums[i] as Sum;
  const { p50, p99 } = summary(latencies);
  const each = (ms: number): string => `${((ms / requests) * 1000).toFixed(0)} µs`.padStart(7);
  const added = `added p50 ${(p50 - base.p50).toFixed(2)} ms, p99 ${(p99 - base.p99).toFixed(2)} ms`;
  console.log(`${name.padEnd(18)} ${(requests / seconds).toFixed(0).padStart(5)}/s  picker ${each(pickerMs)}  Envoy ${each(envoyMs)}  ${added}  failed ${failed}`);
}
