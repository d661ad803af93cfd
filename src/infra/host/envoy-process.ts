import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

import { isAlive, processStart, signalProcess } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** One Envoy in the process table, a child of ours or of a control plane before us. */
export interface EnvoyProcess extends ProcessIdentity {
  /** Fulfilled once it is gone, with what is known of why: 'killed by SIGKILL'. Never rejected. */
  readonly exited: Promise<string>;
  signal(signal: NodeJS.Signals): void;
}

/** `outputPath` gets what Envoy writes to its standard output and error before its own log is open, and afterwards. */
export interface SpawnOptions {
  readonly binary: string;
  readonly args: readonly string[];
  readonly workDir: string;
  readonly outputPath: string;
  /** Called as soon as the process exists, before anything else may happen. */
  readonly onStart: (identity: ProcessIdentity) => void;
}

/** How often an adopted process is looked at: the kernel reports an exit only to the parent. */
const pollMs = 250;

/**
 * Starts an Envoy that outlives us: a session of its own, output into files, nothing of ours inherited.
 * Throws when it cannot be started at all.
 */
export async function spawnEnvoy(options: SpawnOptions): Promise<EnvoyProcess> {
  const output = openSync(options.outputPath, 'a', 0o600);
  try {
    const child = spawn(options.binary, options.args, { cwd: options.workDir, detached: true, stdio: ['ignore', output, output] });
    child.unref();
    const pid = child.pid ?? 0;
    const identity = { pid, start: processStart(pid) ?? 'gone' };
    if (child.pid !== undefined) noteDown(child, () => options.onStart(identity));
    const exited = new Promise<string>((resolve) => {
      child.on('exit', (code, signal) => resolve(signal === null ? `exited with status ${code}` : `killed by ${signal}`));
    });
    await new Promise<void>((resolve, reject) => {
      child.on('spawn', resolve);
      child.on('error', (cause) => reject(new Error(`cannot start ${options.binary}: ${cause.message}`, { cause })));
    });
    return { ...identity, exited, signal: (name) => signalProcess(identity, name) };
  } finally {
    closeSync(output);
  }
}

/** A process that cannot be noted down would be nobody's: it is ended at once. */
function noteDown(child: ChildProcess, note: () => void): void {
  try {
    note();
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

/** Takes over a process that somebody else started. */
export function adoptEnvoy(identity: ProcessIdentity): EnvoyProcess {
  const exited = new Promise<string>((resolve) => {
    const timer = setInterval(() => {
      if (isAlive(identity)) return;
      clearInterval(timer);
      resolve('exited');
    }, pollMs).unref();
  });
  return { pid: identity.pid, start: identity.start, exited, signal: (name) => signalProcess(identity, name) };
}
