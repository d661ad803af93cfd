import { availableParallelism } from 'node:os';

import { contentHash } from '../../util/hash.ts';
import { bootstrap } from './bootstrap.ts';
import type { Bootstrap } from './bootstrap.ts';
import { commandLine } from './command-line.ts';
import type { ProxyFiles, Slot } from './proxy-files.ts';

/** One wanted Envoy. */
export interface ProxySpec {
  /** 'namespace/name', unique within the instance. */
  readonly id: string;
  /** Worker threads; the number of CPUs that we may use when absent. */
  readonly concurrency?: number;
  /** Envoy's log level ('warning' when absent). */
  readonly logLevel?: string;
  /** Further arguments for Envoy; one that we would set ourselves replaces ours. */
  readonly extraArgs?: readonly string[];
  /** Changes the bootstrap that we made: pure, so that the same process is recognized again. */
  readonly customize?: (bootstrap: Bootstrap) => Bootstrap;
}

/** What all proxies of an instance share. */
export interface ProxySettings {
  /** Path of the Envoy program. */
  readonly binary: string;
  /** What distinguishes this very program from a later one at the same path. */
  readonly binaryIdentity: string;
  readonly xdsSocket: string;
  readonly initialFetchTimeoutMs?: number;
  readonly maxConnections?: number;
  /** How long connections of a removed listener may live on. */
  readonly drainSeconds: number;
}

/** Everything that is fixed when a process starts. */
export interface LaunchPlan {
  readonly args: readonly string[];
  readonly bootstrap: Bootstrap;
  /** Equal hashes: a process started for one plan serves as well for the other. The slot does not take part. */
  readonly hash: string;
}

/** Says how to start a proxy in a slot. */
export function launchPlan(spec: ProxySpec, settings: ProxySettings, { files, slot }: { files: ProxyFiles; slot: Slot }): LaunchPlan {
  const inSlot = ({ adminSocket, bootstrap: bootstrapPath }: Slot): { args: string[]; bootstrap: Bootstrap } => {
    const own = bootstrap({ ...settings, id: spec.id, adminSocket });
    return {
      bootstrap: spec.customize?.(own) ?? own,
      args: commandLine({
        bootstrapPath,
        logPath: files.envoyLog,
        concurrency: spec.concurrency ?? availableParallelism(),
        logLevel: spec.logLevel ?? 'warning',
        drainSeconds: settings.drainSeconds,
        ...(spec.extraArgs === undefined ? {} : { extraArgs: spec.extraArgs }),
      }),
    };
  };
  const hash = contentHash(JSON.stringify([settings.binary, settings.binaryIdentity, inSlot(files.slots[0])]));
  return { ...inSlot(slot), hash };
}
