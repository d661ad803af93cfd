import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = '/sys/fs/cgroup';

/** cgroup v2 has one tree, v1 one for each controller. */
const unified = existsSync(join(root, 'cgroup.controllers'));

/** Removing a cgroup fails for a moment after its last process is gone. */
const removeAttempts = 40;
const removeDelayMs = 25;

/** Makes a group at the top of every tree, for a kubelet to work in: the kubelets of two nodes would remove each other's Pods as orphans. */
export async function createCgroup(name: string): Promise<void> {
  for (const tree of await trees()) {
    await mkdir(join(tree, name), { recursive: true });
    // cgroup v1 only: a new group has no processors and no memory, and nothing can run in it.
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      const value = await readFile(join(tree, file), 'utf8').catch(() => undefined);
      if (value !== undefined && !unified) await writeFile(join(tree, name, file), value);
    }
    if (unified) {
      for (const group of [tree, join(tree, name)]) await writeFile(join(group, 'cgroup.subtree_control'), '+cpu +cpuset +memory +pids +io').catch(() => {});
    }
  }
}

/**
 * A shell script that runs its first argument as a shell command in a group (made before), so that whatever the command starts is found by the group.
 * In one tree only, where it has no effect on how the command runs.
 */
export function runInGroup(name: string): string {
  const tree = unified ? root : join(root, 'pids');
  return `echo $$ > '${join(tree, name)}/cgroup.procs' && exec /bin/sh -c "$1"`;
}

/** The processes in the groups whose names begin so, and in all groups below them. */
export async function processesIn(prefix: string): Promise<number[]> {
  const pids = new Set<number>();
  for (const path of await groups(prefix)) {
    const text = await readFile(join(path, 'cgroup.procs'), 'utf8').catch(() => '');
    for (const line of text.split('\n')) if (line !== '') pids.add(Number(line));
  }
  return [...pids];
}

/** Removes the groups whose names begin so. They have to be empty of processes. */
export async function removeCgroups(prefix: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const paths = await groups(prefix);
    if (paths.length === 0) return;
    let failure: unknown;
    for (const path of paths) await rmdir(path).catch((error: unknown) => (failure = error));
    if (failure === undefined) continue;
    if (attempt >= removeAttempts) throw new Error(`the cgroups of ${prefix} cannot be removed`, { cause: failure });
    await new Promise((resolve) => setTimeout(resolve, removeDelayMs));
  }
}

async function trees(): Promise<string[]> {
  if (unified) return [root];
  const entries = await readdir(root, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(root, entry.name));
}

/** Deepest first. */
async function groups(prefix: string): Promise<string[]> {
  const found: string[] = [];
  const visit = async (path: string): Promise<void> => {
    const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) if (entry.isDirectory()) await visit(join(path, entry.name));
    found.push(path);
  };
  for (const tree of await trees()) {
    const entries = await readdir(tree, { withFileTypes: true });
    for (const entry of entries) if (entry.isDirectory() && entry.name.startsWith(prefix)) await visit(join(tree, entry.name));
  }
  return found;
}
