/** Endpoint pickers side by side: `npm run bench:epp -- --help`. bench/README.md says what is measured and how. */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { compare, type Results } from './epp/figures.ts';
import { startKubernetesApi, type KubernetesApi } from './epp/kubernetes-api.ts';
import { help, parseOptions, type Options } from './epp/options.ts';
import { Program } from './epp/program.ts';
import { findPrograms } from './epp/programs.ts';
import { scenarios } from './epp/scenarios.ts';
import { runStage } from './epp/stage.ts';
import { table } from './epp/table.ts';

/** Without its programs a run fails, and then tidies up as after any failure. */
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interrupted.abort();
    Program.endAll();
  });
}

const options = parseOptions(process.argv.slice(2));
if (options === 'help') console.log(help);
else {
  try {
    await main(options);
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    process.exitCode = 1;
  }
}

async function main(options: Options): Promise<void> {
  // To stderr, so that stdout has results and nothing else.
  const progress = (text: string): void => console.error(text);
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}`;
  progress(`${machine}, Node ${process.version}, load ${loadavg()[0]?.toFixed(1)}`);
  const programs = await findPrograms(progress);
  await using stack = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), 'moongate-bench-'));
  stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  let api: Promise<KubernetesApi> | undefined;
  const kubernetes = (): Promise<KubernetesApi> => (api ??= startKubernetesApi(join(directory, 'kubernetes'), progress).then((started) => stack.use(started)));
  const results: Results = {};
  for (const kind of ['fast', 'simulated'] as const) {
    const names = options.scenarios.filter((name) => scenarios[name].servers === kind);
    if (names.length > 0) Object.assign(results, await runStage({ kind, names, options, programs, directory, kubernetes, progress, signal: interrupted.signal }));
  }
  const comparison = compare(results);
  const date = new Date().toISOString().slice(0, 10);
  if (options.json) {
    console.log(JSON.stringify({ ...comparison, date, machine, rounds: options.rounds, seconds: options.seconds, servers: options.servers, contenders: results }));
    return;
  }
  console.log(`\n${date}, ${machine}; ${options.rounds} rounds, ${options.servers} servers; CPU in ms per request\n`);
  console.log(table(results));
  if (options.contenders.includes('moongate') && options.contenders.includes('upstream')) console.log(`\nours against upstream's: ${JSON.stringify(comparison, undefined, 2)}`);
}
