import { readdir, readFile, readlink, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive } from '../../../src/infra/host/process-identity.ts';
import type { ProcessIdentity } from '../../../src/infra/host/process-identity.ts';
import { processesIn, removeCgroups } from './cgroups.ts';
import { clusterDir, goneDir } from './state.ts';
import { addressPlan } from '../network/address-plan.ts';
import { removeNetwork } from '../network/network.ts';

const killRounds = 200;
const killDelayMs = 25;

/**
 * Removes everything that a cluster is, from what the machine shows: processes, namespaces with their mounts, cgroups, routes, files. It needs nothing of
 * the process that made the cluster, may be repeated, and does not ask Kubernetes: no Pod is drained.
 */
export async function takeDown(slot: number): Promise<void> {
  const { prefix } = addressPlan(slot);
  const dir = clusterDir(slot);
  // Containers are found by their cgroups, everything else by its network namespace. What was about to start a process is found in the next round.
  let left: readonly number[] = [];
  for (let round = 0; round < killRounds; round++) {
    left = await clusterProcesses(prefix, dir);
    if (left.length === 0) break;
    for (const pid of left) kill(pid);
    await new Promise((resolve) => setTimeout(resolve, killDelayMs));
  }
  if (left.length > 0) throw new Error(`the processes ${left.join(', ')} of the cluster in slot ${slot} do not end`);
  await removeNetwork(addressPlan(slot));
  await removeCgroups(`${prefix}-`);
  // The mounts were in the nodes' namespaces, and went with their last processes. The folder's name is what occupies the slot: it goes at once, and last.
  const gone = goneDir(slot);
  if (await rename(dir, gone).then(() => true, ignoreMissing)) await rm(gone, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

function ignoreMissing(error: NodeJS.ErrnoException): false {
  if (error.code === 'ENOENT') return false;
  throw error;
}

async function clusterProcesses(prefix: string, dir: string): Promise<number[]> {
  const namespaces = await ownNamespaces(prefix);
  const found = new Set([...(await processesIn(`${prefix}-`)), ...(await recorded(dir))]);
  const entries = await readdir('/proc');
  await Promise.all(
    entries.filter((name) => /^\d+$/.test(name)).map(async (name) => {
      const namespace = await readlink(`/proc/${name}/ns/net`).catch(() => '');
      if (namespaces.has(namespace)) found.add(Number(name));
    }),
  );
  found.delete(process.pid);
  return [...found];
}

/** As /proc/PID/ns/net names them. */
async function ownNamespaces(prefix: string): Promise<Set<string>> {
  const names = (await readdir('/run/netns').catch(() => [])).filter((name) => name.startsWith(`${prefix}-`));
  const stats = await Promise.all(names.map((name) => stat(join('/run/netns', name)).catch(() => undefined)));
  return new Set(stats.filter((each) => each !== undefined).map(({ ino }) => `net:[${ino}]`));
}

/** The processes that were noted down when they were started, and are still those. */
async function recorded(dir: string): Promise<number[]> {
  const files = await readdir(join(dir, 'processes')).catch(() => []);
  const identities = await Promise.all(
    files.map(async (file) => {
      try {
        return JSON.parse(await readFile(join(dir, 'processes', file), 'utf8')) as ProcessIdentity;
      } catch {
        return undefined;
      }
    }),
  );
  return identities.filter((each) => each !== undefined && isAlive(each)).map((each) => each?.pid ?? 0);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended meanwhile.
  }
}
