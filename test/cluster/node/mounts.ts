import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Component } from '../lifetime/component.ts';
import type { Machine } from '../lifetime/machine.ts';
import { withMounts } from '../lifetime/machine.ts';
import { exists } from '../tools/once.ts';

/**
 * A mount namespace that begins as a copy of the host's. Volumes, root file systems of containers and what programs write to /run, /var/log and /var/lib,
 * whatever they are told, stay in it, and go with the last process of the node.
 */
const script = `set -e
mount --make-rshared /
mount --bind "$1/run" /run
mount --bind "$1/log" /var/log
mount -t overlay overlay -o "lowerdir=/var/lib,upperdir=$1/lib,workdir=$1/lib-work" /var/lib
touch "$1/mounted"
exec sleep infinity
`;

const mountMs = 60_000;

/** Gives a machine file systems of its own. The component that is answered holds them. */
export async function separateMounts(machine: Machine, { dir, clusterDir }: { dir: string; clusterDir: string }): Promise<{ machine: Machine; holder: Component }> {
  for (const name of ['run', 'log', 'lib', 'lib-work']) await mkdir(join(dir, name), { recursive: true });
  const holder = new Component({
    name: 'mounts', machine, dir: clusterDir, command: 'unshare', args: ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', dir],
  });
  holder.start();
  await holder.until('the file systems are mounted', () => exists(join(dir, 'mounted')), mountMs);
  const { pid } = holder;
  if (pid === undefined) throw new Error(`${machine.name}: the process that holds its mounts is gone`);
  return { machine: withMounts(machine, pid), holder };
}
