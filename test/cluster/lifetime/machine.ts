import { run } from '../tools/run.ts';
import type { RunOptions } from '../tools/run.ts';

/** A machine of the cluster: a network namespace, and for nodes a mount namespace too. */
export interface Machine {
  /** Such as 'node-1'. */
  readonly name: string;
  /** Name of the network namespace, as `ip netns` knows it. */
  readonly netns: string;
  readonly address: string;
  /** The command line that runs a program on this machine. */
  enter(command: string, args: readonly string[]): string[];
}

/** A machine that has the file systems of this host. */
export function netnsMachine({ name, netns, address }: Pick<Machine, 'name' | 'netns' | 'address'>): Machine {
  // Not `ip netns exec`: it mounts a /sys of its own, which hides the cgroups.
  return { name, netns, address, enter: (command, args) => ['nsenter', `--net=/run/netns/${netns}`, command, ...args] };
}

/** The same machine with the mount namespace of a process. */
export function withMounts(machine: Machine, pid: number): Machine {
  const { name, netns, address } = machine;
  return { name, netns, address, enter: (command, args) => ['nsenter', `--net=/run/netns/${netns}`, `--mount=/proc/${pid}/ns/mnt`, command, ...args] };
}

/** Runs a program on a machine to its end and answers what it printed. */
export function runOn(machine: Machine, command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const [program = '', ...rest] = machine.enter(command, args);
  return run(program, rest, options);
}
