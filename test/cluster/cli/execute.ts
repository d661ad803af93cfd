import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Cluster } from '../cluster.ts';
import { createCgroup, runInGroup } from '../lifetime/cgroups.ts';

/**
 * Runs a shell command with our terminal to its end, and answers its exit status, as a shell counts: 128 and the signal's number when one ended it.
 * What it starts is in a group of the cluster, and ends with the cluster.
 */
export async function execute(command: string, { plan, env, signal }: Pick<Cluster, 'plan' | 'env'> & { readonly signal: AbortSignal }): Promise<number> {
  const group = `${plan.prefix}-exec`;
  await createCgroup(group);
  const child = spawn('/bin/sh', ['-c', runInGroup(group), 'sh', command], { stdio: 'inherit', env: { ...process.env, ...env } });
  const onAbort = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', onAbort);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code, by) => resolve(code ?? 128 + (by === null ? 0 : constants.signals[by])));
    });
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
