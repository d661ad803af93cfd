import type { EnvoyProcess } from './envoy-process.ts';
import { spawnEnvoy } from './envoy-process.ts';
import { logStart } from './last-words.ts';
import type { LogStart } from './last-words.ts';
import type { ProxyFiles, Slot } from './proxy-files.ts';
import { clearSlot, writeRecord, writeWhole } from './proxy-record.ts';
import type { LaunchPlan } from './proxy-spec.ts';

/** Where and as what a plan is carried out. */
export interface LaunchTarget {
  readonly id: string;
  readonly binary: string;
  readonly files: ProxyFiles;
  readonly slot: Slot;
}

/** Writes the bootstrap, starts Envoy, and notes it down for a later control plane. Throws when it cannot be started. */
export async function launch(plan: LaunchPlan, { id, binary, files, slot }: LaunchTarget): Promise<{ process: EnvoyProcess; logs: LogStart[] }> {
  clearSlot(slot);
  writeWhole(slot.bootstrap, plan.bootstrap);
  const logs = [await logStart(files.output), await logStart(files.envoyLog)];
  const process = await spawnEnvoy({
    binary,
    args: plan.args,
    workDir: files.dir,
    outputPath: files.output,
    onStart: (identity) => writeRecord(slot, { id, ...identity, hash: plan.hash }),
  });
  return { process, logs };
}
