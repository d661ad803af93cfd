import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

import { isAlive } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';
import type { ProxyFiles, Slot } from './proxy-files.ts';

/** What a later control plane has to know of a running Envoy to take it over. */
export interface ProcessRecord extends ProcessIdentity {
  /** The proxy. */
  readonly id: string;
  /** Of the LaunchPlan that it was started for. */
  readonly hash: string;
}

/** Notes who runs in a slot. Synchronous: the shorter the time in which a process is not noted down, the better. */
export function writeRecord(slot: Slot, record: ProcessRecord): void {
  writeWhole(slot.record, record);
}

/** Who runs, or ran, in a slot; undefined when nobody did or the file is damaged. */
export function readRecord(slot: Slot): ProcessRecord | undefined {
  try {
    const { id, pid, start, hash } = JSON.parse(readFileSync(slot.record, 'utf8')) as Partial<ProcessRecord>;
    if (typeof id !== 'string' || typeof pid !== 'number' || typeof start !== 'string' || typeof hash !== 'string') return undefined;
    return { id, pid, start, hash };
  } catch {
    return undefined;
  }
}

/** Forgets who ran in a slot, and removes what that process leaves behind. */
export function clearSlot(slot: Slot): void {
  for (const path of [slot.record, slot.adminSocket]) rmSync(path, { force: true });
}

/** The processes of a proxy that are still there. Slots of those that are not are cleared. */
export function survivors(files: ProxyFiles): { readonly slot: Slot; readonly record: ProcessRecord }[] {
  return files.slots.flatMap((slot) => {
    const record = readRecord(slot);
    if (record !== undefined && isAlive(record)) return [{ slot, record }];
    clearSlot(slot);
    return [];
  });
}

/** Writes JSON so that a reader sees the old file or the new one. */
export function writeWhole(path: string, content: object): void {
  writeFileSync(`${path}.new`, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
