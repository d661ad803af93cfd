import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { processStart } from '../../../src/infra/host/process-identity.ts';
import type { ProcessIdentity } from '../../../src/infra/host/process-identity.ts';
import { eventually } from './eventually.ts';
import { allocationLock, clusterDir, forgottenDirs, isKept, readState, readStates, writeState } from './state.ts';
import { takeDown } from './take-down.ts';
import { addressPlan, slotCount } from '../network/address-plan.ts';
import type { AddressPlan } from '../network/address-plan.ts';
import { isTaken } from '../network/network.ts';
import type { Progress } from '../tools/ensure.ts';
import { waitForLock } from '../tools/once.ts';

/** A slot that is ours, with the process that gives it back. */
export interface Allocation {
  readonly plan: AddressPlan;
  readonly dir: string;
  /** Begins to give addresses to LoadBalancers. */
  serve(): void;
  /** Lets the cluster outlive this process. */
  detach(): Promise<void>;
  /** Takes the cluster down; resolves when nothing of it is left. */
  release(): Promise<void>;
}

const releaseMs = 120_000;

/** Takes down what dead owners left, and takes the first free slot. */
export async function allocate(nodes: readonly string[], onProgress: Progress): Promise<Allocation> {
  const lock = await waitForLock(allocationLock);
  try {
    for (const { slot } of (await readStates()).filter((state) => !isKept(state))) {
      onProgress(`removing what is left of an earlier cluster in slot ${slot}`);
      await takeDown(slot);
    }
    for (const dir of await forgottenDirs()) await rm(dir, { recursive: true, force: true });
    for (let slot = 0; slot < slotCount; slot++) {
      const plan = addressPlan(slot);
      if ((await readState(slot)) !== undefined || (await isTaken(plan))) continue;
      return await occupy(plan, nodes);
    }
    throw new Error(`all ${slotCount} slots for clusters are in use`);
  } finally {
    await lock.release();
  }
}

async function occupy(plan: AddressPlan, nodes: readonly string[]): Promise<Allocation> {
  const { slot } = plan;
  const dir = clusterDir(slot);
  const owner = identityOf(process.pid);
  await writeState({ slot, owner, detached: false, nodes });
  const keeper = startKeeper(slot, dir);
  const keeperIdentity = identityOf(keeper.pid ?? 0);
  await writeState({ slot, owner, keeper: keeperIdentity, detached: false, nodes });
  return {
    plan,
    dir,
    serve: () => void keeper.stdin?.write('serve\n'),
    detach: async () => {
      await new Promise<void>((resolve) => keeper.stdin?.end('detach\n', resolve));
      await writeState({ slot, owner, keeper: keeperIdentity, detached: true, nodes });
    },
    release: async () => {
      keeper.stdin?.end();
      await waitForEnd(slot);
    },
  };
}

function startKeeper(slot: number, dir: string): ChildProcess {
  mkdirSync(join(dir, 'logs'), { recursive: true });
  const log = openSync(join(dir, 'logs', 'keeper.log'), 'a');
  try {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'keeper.ts'), String(slot)], { detached: true, stdio: ['pipe', log, log], cwd: '/' });
    child.unref();
    // A keeper that died is found out when the cluster is to be released.
    child.on('error', () => {});
    child.stdin?.on('error', () => {});
    (child.stdin as unknown as { unref?: () => void } | null)?.unref?.();
    return child;
  } finally {
    closeSync(log);
  }
}

/** Waits until a cluster is gone, and takes it down here when its keeper died. */
export async function waitForEnd(slot: number): Promise<void> {
  await eventually(`cluster ${slot} is gone`, async () => {
    const state = await readState(slot);
    return state === undefined || state.keeper === undefined || processStart(state.keeper.pid) !== state.keeper.start;
  }, { limit: releaseMs });
  if ((await readState(slot)) !== undefined) await takeDown(slot);
}

function identityOf(pid: number): ProcessIdentity {
  return { pid, start: processStart(pid) ?? '' };
}
