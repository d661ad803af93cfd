import { readdirSync, readFileSync } from 'node:fs';
import { cpuMs, memoryMb } from '../propagation/usage.ts';

/** The processes of some Pods, all together. */
export interface Processes {
  readonly pids: readonly number[];
  /** Milliseconds of CPU so far. */
  cpuMs(): number;
  /** Resident memory in MiB. */
  rssMb(): number;
}

/** Finds the processes by the Pods' cgroups; the containers run on this machine. The pauses count for nothing. */
export function processesOf(podUids: readonly string[]): Processes {
  const marks = podUids.flatMap((uid) => [uid, uid.replaceAll('-', '_')]);
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    const cgroup = text(`/proc/${pid}/cgroup`);
    return marks.some((mark) => cgroup.includes(mark)) && text(`/proc/${pid}/comm`).trim() !== 'pause';
  });
  return {
    pids,
    cpuMs: () => pids.reduce((sum, pid) => sum + cpuMs(pid), 0),
    rssMb: () => pids.reduce((sum, pid) => sum + memoryMb(pid).now, 0),
  };
}

/** '' for what has ended meanwhile. */
function text(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
