/**
 * How long a changed route takes to reach clients: `npm run bench:propagation -- [--routes N] [--one-file] [--json]`.
 * bench/README.md says what is measured and how.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findEnvoy } from '../src/infra/host/envoy-binary.ts';
import { Child } from './propagation/children.ts';
import { goals, type Result } from './propagation/result.ts';
import { run } from './propagation/run.ts';
import { table } from './propagation/table.ts';

const { values: args } = parseArgs({
  options: {
    routes: { type: 'string' },
    rounds: { type: 'string', default: '100' },
    'one-file': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    // As bin/moongate starts Node.
    'node-arg': { type: 'string', multiple: true, default: ['--max-semi-space-size=4'] },
  },
});
const rounds = Number(args.rounds);
const sizes = args.routes === undefined ? (args['one-file'] ? [3_000] : [100, 1_000, 3_000, 10_000]) : [Number(args.routes)];
if (!sizes.every((size) => Number.isInteger(size) && size > 0) || !Number.isInteger(rounds) || rounds < 1) {
  console.error('--routes and --rounds take a number above 0');
  process.exit(2);
}

/** To stderr, so that stdout has results and nothing else. */
function progress(text: string, passing = false): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}${passing ? '' : '\n'}`);
  else if (!passing) process.stderr.write(`${text}\n`);
}

function save(result: Result): void {
  const directory = join(import.meta.dirname, 'results');
  mkdirSync(directory, { recursive: true });
  const date = new Date().toISOString().slice(0, 10);
  const name = `${date}-${result.routes}${args['one-file'] ? '-one-file' : ''}.json`;
  writeFileSync(join(directory, name), `${JSON.stringify({ date, machine, node: process.version, rounds, ...result }, undefined, 2)}\n`);
}

/** Without its children a run fails, and then tidies up as after any failure. */
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interrupted = true;
    Child.endAll();
  });
}

const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}`;
progress(`${machine}, Node ${process.version}, load ${loadavg()[0]?.toFixed(1)}`);
const envoy = (await findEnvoy({ onProgress: progress })).path;
const results: Result[] = [];
for (const routes of sizes) {
  await using stack = new AsyncDisposableStack();
  try {
    const result = await run({ routes, rounds, oneFile: args['one-file'], envoy, nodeArgs: args['node-arg'], progress, stack });
    results.push(result);
    if (args.save) save(result);
    if (args.json) console.log(JSON.stringify(result));
  } catch (error) {
    if (!interrupted) throw error;
    process.exitCode = 1;
    break;
  }
}
if (!args.json && results.length > 0) {
  console.log(`\n${new Date().toISOString().slice(0, 10)}, ${machine}, Node ${process.version}; p50 / p99 of ${rounds} changes${args['one-file'] ? '; all routes in one file' : ''}\n`);
  console.log(table(results));
  console.log();
  for (const { text, value, limit } of goals(results, args['one-file'])) {
    console.log(`${value <= limit ? 'kept  ' : 'MISSED'}  ${text}: ${value.toFixed(1)}, limit ${limit.toFixed(1)}`);
  }
}
