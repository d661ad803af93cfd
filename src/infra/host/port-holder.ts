import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';

import type { Transport } from '../../ir/listener.ts';
import { printable } from '../../util/printable.ts';

/** Looking through all processes is bounded: a busy host may have tens of thousands. */
const maxProcesses = 20_000;

/**
 * Says who listens on a port, for a human: '"nginx" (pid 812)', '"node server.js" (pid 7)', 'a process of user 33'. Undefined when it cannot be found out:
 * on systems without /proc, or when the holder is gone.
 */
export async function portHolder(port: number, transport: Transport = 'TCP'): Promise<string | undefined> {
  const sockets = (await Promise.all(['', '6'].map(async (family) => {
    const text = await readFile(`/proc/net/${transport.toLowerCase()}${family}`, 'utf8').catch(() => '');
    return listeningSockets(text, port, transport);
  }))).flat();
  const first = sockets[0];
  if (first === undefined) return undefined;
  const pid = await ownerOf(new Set(sockets.map(({ inode }) => `socket:[${inode}]`)));
  if (pid === undefined) return `a process of user ${first.uid} that we may not look into`;
  // Not comm, which is the name of a thread: "MainThread".
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return `"${programName(commandLine)}" (pid ${pid})`;
}

/** Longest name (characters) that is told: a process may call itself anything. */
const maxNameLength = 100;

/** Options of node whose value is the next argument. */
const nodeOptionsWithValue: ReadonlySet<string> = new Set(['-r', '--require', '--import', '-C', '--conditions', '--env-file', '--loader', '--experimental-loader']);

/** The program in a command line as of proc(5), /proc/pid/cmdline, with the script if it is node; `?` when it tells none. */
export function programName(commandLine: string): string {
  const [first = '', ...args] = commandLine.split('\0');
  // Some rewrite it: "nginx: master process /usr/sbin/nginx".
  const name = /^([\w.-]+): /.exec(first)?.[1] ?? basename(first);
  const script = name === 'node' ? scriptOf(args) : '';
  const text = script === '' ? name : `${name} ${basename(script)}`;
  return text === '' ? '?' : printable(text.slice(0, maxNameLength));
}

function scriptOf(args: readonly string[]): string {
  const isValue = (at: number) => nodeOptionsWithValue.has(args[at - 1] ?? '');
  const script = args.findIndex((arg, at) => /^(?!-)|^-(?:[ep]|pe)$|^--(?:eval|print)$/.test(arg) && !isValue(at));
  const found = args[script] ?? '';
  // A program given as text has no name.
  return found.startsWith('-') ? '' : found;
}

/** `st` of a socket that anybody may send to: TCP_LISTEN, and for UDP, which has no connections, TCP_CLOSE. */
const openStates: Readonly<Record<Transport, string>> = { TCP: '0A', UDP: '07' };

/** The listening sockets on a port in a table as of proc(5), /proc/net/tcp and /proc/net/udp. */
export function listeningSockets(table: string, port: number, transport: Transport = 'TCP'): { inode: string; uid: number }[] {
  const found: { inode: string; uid: number }[] = [];
  for (const line of table.split('\n').slice(1)) {
    //   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
    //    0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 41257 1 …
    const [, local, , state, , , , uid, , inode] = line.trim().split(/\s+/);
    if (state !== openStates[transport] || local === undefined || uid === undefined || inode === undefined) continue;
    if (Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16) === port) found.push({ inode, uid: Number(uid) });
  }
  return found;
}

async function ownerOf(sockets: ReadonlySet<string>): Promise<number | undefined> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name)).slice(0, maxProcesses);
  for (const pid of pids) {
    // Other users' processes keep theirs to themselves.
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const descriptor of descriptors) {
      const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
      if (sockets.has(target)) return Number(pid);
    }
  }
  return undefined;
}
