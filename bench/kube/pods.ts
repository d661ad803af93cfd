import { readdirSync, readFileSync } from 'node:fs';
import type { Cluster } from '../../test/cluster/cluster.ts';
import { cpuMs, memoryMb } from '../propagation/usage.ts';

/** The processes of some Pods, seen from the machine. */
export interface PodProcesses {
  readonly pids: readonly number[];
}

interface PodList {
  readonly items: readonly { readonly metadata: { readonly uid: string; readonly name: string }; readonly status: { readonly phase: string; readonly podIP?: string } }[];
}

/** Finds the processes whose program has a name like this in the running Pods with these labels. Throws when there are none. */
export async function processesOf(cluster: Cluster, { namespace, selector, program }: PodQuery): Promise<PodProcesses> {
  const { items } = await cluster.controlPlane.client.send<PodList>(`/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(selector)}`);
  const uids = items.filter(({ status }) => status.phase === 'Running').map(({ metadata }) => metadata.uid);
  const pids = readdirSync('/proc').map(Number).filter((pid) => pid > 0 && runsIn(pid, uids) && program.test(commandOf(pid)));
  if (pids.length === 0) throw new Error(`no process like ${program.source} in the Pods of ${namespace} with ${selector} (${items.length} Pods)`);
  return { pids };
}

export interface PodQuery {
  readonly namespace: string;
  readonly selector: string;
  /** Of the command line, words separated by spaces. */
  readonly program: RegExp;
}

/** CPU that they have used together, ms. */
export function cpuOf({ pids }: PodProcesses): number {
  return pids.reduce((sum, pid) => sum + cpuMs(pid), 0);
}

/** Resident memory together, MiB. */
export function memoryOf({ pids }: PodProcesses): { readonly now: number; readonly peak: number } {
  const each = pids.map(memoryMb);
  return { now: each.reduce((sum, { now }) => sum + now, 0), peak: each.reduce((sum, { peak }) => sum + peak, 0) };
}

/** The kubelet names a Pod's cgroup after the Pod's uid, with either sort of line between its parts. */
function runsIn(pid: number, uids: readonly string[]): boolean {
  const text = textOf(`/proc/${pid}/cgroup`);
  return uids.some((uid) => text.includes(uid) || text.includes(uid.replaceAll('-', '_')));
}

function commandOf(pid: number): string {
  return textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The process has ended meanwhile.
    return '';
  }
}
