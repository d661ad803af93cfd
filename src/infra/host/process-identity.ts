import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * A process beyond the reuse of its number: `start` differs for each process that ever has that pid, over reboots too.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly start: string;
}

/** When the process was started, as an opaque text; undefined when there is none, or only its zombie. */
export function processStart(pid: number): string | undefined {
  if (process.platform !== 'linux') return startFromPs(pid);
  try {
    // proc(5): the command, in parentheses, may hold any character; state is the 3rd field, start time the 22nd.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const state = fields[0];
    const start = fields[19];
    if (start === undefined || state === 'Z' || state === 'X') return undefined;
    return `${bootId()}/${start}`;
  } catch {
    return undefined;
  }
}

/** Whether that very process, and not a later one with its number, is still there. */
export function isAlive({ pid, start }: ProcessIdentity): boolean {
  return processStart(pid) === start;
}

/** Sends a signal unless the process is gone. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

let knownBootId: string | undefined;

function bootId(): string {
  knownBootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return knownBootId;
}

function startFromPs(pid: number): string | undefined {
  try {
    const text = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    const [state = '', ...start] = text.split(/\s+/);
    return text === '' || state.startsWith('Z') ? undefined : start.join(' ');
  } catch {
    return undefined;
  }
}
