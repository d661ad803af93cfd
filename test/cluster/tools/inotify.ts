import { readFile, writeFile } from 'node:fs/promises';

const file = '/proc/sys/fs/inotify/max_user_instances';
/** Kubelets, containerds and whatever runs in Pods watch files; Linux allows 128 of such a user, which two nodes can exceed. */
const needed = 1024;

/** Raises this host's limit of inotify instances when it is too low for clusters. */
export async function ensureInotify(): Promise<void> {
  const value = Number(await readFile(file, 'utf8'));
  if (value < needed) await writeFile(file, String(needed));
}
