import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive, processStart } from '../../../src/infra/host/process-identity.ts';
import type { ProcessIdentity } from '../../../src/infra/host/process-identity.ts';
import { slotCount } from '../network/address-plan.ts';

/** What is known of a cluster on disk: enough to take it down without the process that made it. */
export interface ClusterState {
  readonly slot: number;
  /** Who started it, and stops it unless the cluster was left running. */
  readonly owner: ProcessIdentity;
  /** The background process that gives addresses to LoadBalancers, and takes the cluster down when the owner is gone. */
  readonly keeper?: ProcessIdentity;
  /** The owner may go and the cluster stays. */
  readonly detached: boolean;
  readonly nodes: readonly string[];
}

/** Not below /run or /tmp, which may be kept in memory: images take hundreds of megabytes. */
const base = '/var/tmp';

/** The folder of the cluster in a slot. */
export function clusterDir(slot: number): string {
  return join(base, `moongate-cluster-${slot}`);
}

/** What a cluster's folder is called while this process removes it. */
export function goneDir(slot: number): string {
  return join(base, `moongate-cluster-gone-${process.pid}-${slot}-${Date.now()}`);
}

/** The folders that somebody began to remove who is no longer there to do it. */
export async function forgottenDirs(): Promise<string[]> {
  const removers = (await readdir(base)).flatMap((name) => {
    const pid = /^moongate-cluster-gone-(\d+)-/.exec(name)?.[1];
    return pid === undefined ? [] : [{ path: join(base, name), pid: Number(pid) }];
  });
  return removers.filter(({ pid }) => processStart(pid) === undefined).map(({ path }) => path);
}

/** Held while slots are given out and what dead owners left is taken down. */
export const allocationLock = join(base, 'moongate-cluster.lock');

/** Replaces the state, so that nobody ever reads half of it. */
export async function writeState(state: ClusterState): Promise<void> {
  const dir = clusterDir(state.slot);
  await mkdir(dir, { recursive: true, mode: 0o755 });
  const draft = join(dir, `cluster.json.${process.pid}`);
  await writeFile(draft, JSON.stringify(state, null, 2));
  await rename(draft, join(dir, 'cluster.json'));
}

/** The state of a slot; undefined when the slot is free. A folder without a readable state counts as one whose owner is dead. */
export async function readState(slot: number): Promise<ClusterState | undefined> {
  const entries = await readdir(clusterDir(slot)).catch(() => undefined);
  if (entries === undefined) return undefined;
  try {
    return JSON.parse(await readFile(join(clusterDir(slot), 'cluster.json'), 'utf8')) as ClusterState;
  } catch {
    return { slot, owner: { pid: 0, start: '' }, detached: false, nodes: [] };
  }
}

/** All clusters that have a folder. */
export async function readStates(): Promise<ClusterState[]> {
  const states = await Promise.all(Array.from({ length: slotCount }, (_, slot) => readState(slot)));
  return states.filter((state) => state !== undefined);
}

/** Whether somebody looks after the cluster. */
export function isKept({ owner, keeper }: ClusterState): boolean {
  return isAlive(owner) || (keeper !== undefined && isAlive(keeper));
}

/** Whether the cluster was left running, and runs. */
export function isLeftRunning({ detached, keeper }: ClusterState): boolean {
  return detached && keeper !== undefined && isAlive(keeper);
}
