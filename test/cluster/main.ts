/** `npm run cluster`: a real Kubernetes on this machine. `--help` tells the rest. */
import { readdir } from 'node:fs/promises';
import { constants } from 'node:os';
import { join, resolve } from 'node:path';
import { execute } from './cli/execute.ts';
import { down, list } from './cli/left-running.ts';
import { parseCommand, usage, UsageError } from './cli/options.ts';
import type { StartCommand } from './cli/options.ts';
import { startCluster } from './cluster.ts';
import { imagesFor, install } from './install/install.ts';
import { MissingError } from './tools/missing.ts';
import { describeError } from './cli/describe-error.ts';

const begin = performance.now();

/** Results go to standard output, and everything else to standard error: a command's output stays clean. */
function progress(line: string): void {
  console.error(`cluster: ${((performance.now() - begin) / 1000).toFixed(1).padStart(5)} s  ${line}`);
}

async function start(command: StartCommand): Promise<number> {
  const interrupted = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (!interrupted.signal.aborted) progress(`${signal}: cleaning up`);
    interrupted.abort(new InterruptedError(signal));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  const { signal } = interrupted;
  const archives = await archivesIn(command.images);
  const cluster = await startCluster({ nodes: command.nodes, images: imagesFor(command), archives, onProgress: progress, signal });
  let left = false;
  try {
    await install(cluster, { ...command, onProgress: progress });
    signal.throwIfAborted();
    progress(`cluster ${cluster.plan.slot} is up`);
    if (command.exec !== undefined) return await execute(command.exec, { plan: cluster.plan, env: cluster.env, signal });
    await cluster.detach();
    left = true;
    console.log(`export KUBECONFIG=${cluster.kubeconfig} PATH=${cluster.toolPath}:$PATH\n# logs: ${join(cluster.dir, 'logs')}\n# stop it: npm run cluster -- --down ${cluster.plan.slot}`);
    return 0;
  } finally {
    if (!left) {
      await cluster.stop();
      progress(`cluster ${cluster.plan.slot} is gone`);
    }
  }
}

/** A signal ended us before the cluster was up. */
class InterruptedError extends Error {
  readonly status: number;

  constructor(signal: NodeJS.Signals) {
    super(`ended by ${signal}`);
    this.status = 128 + constants.signals[signal];
  }
}

function statusOf(error: unknown): number {
  if (error instanceof InterruptedError) return error.status;
  if (error instanceof UsageError) return 2;
  return error instanceof MissingError ? 3 : 1;
}

async function archivesIn(folders: readonly string[]): Promise<string[]> {
  const found = await Promise.all(folders.map(async (folder) => (await readdir(folder)).filter((name) => name.endsWith('.tar')).map((name) => resolve(folder, name))));
  return found.flat();
}

async function main(): Promise<number> {
  const command = parseCommand(process.argv.slice(2));
  switch (command.kind) {
    case 'help':
      console.log(usage);
      return 0;
    case 'list':
      for (const line of await list()) console.log(line);
      return 0;
    case 'down':
      await down(command.slot, progress);
      return 0;
    case 'start':
      return start(command);
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`cluster: ${describeError(error)}`);
  process.exitCode = statusOf(error);
}
