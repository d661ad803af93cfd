import { UsageError } from './options.ts';
import { stopLeftRunning } from '../cluster.ts';
import { clusterDir, isKept, isLeftRunning, readStates } from '../lifetime/state.ts';
import type { ClusterState } from '../lifetime/state.ts';
import type { Progress } from '../tools/ensure.ts';

/** A line for each cluster of this machine. */
export async function list(): Promise<string[]> {
  return (await readStates()).map((state) => {
    const nodes = state.nodes.length === 1 ? 'one node' : `${state.nodes.length} nodes`;
    return `${state.slot}\t${statusOf(state)}\t${nodes}\t${clusterDir(state.slot)}/kubeconfig`;
  });
}

function statusOf(state: ClusterState): string {
  if (isLeftRunning(state)) return 'left running';
  return isKept(state) ? `used by process ${state.owner.pid}` : 'dead; the next start removes it';
}

/** Stops clusters that were left running. */
export async function down(slot: number | 'all' | undefined, onProgress: Progress): Promise<void> {
  const running = (await readStates()).filter(isLeftRunning);
  if (typeof slot === 'number' && !running.some((state) => state.slot === slot)) throw new UsageError(`cluster ${slot} was not left running`);
  if (slot === undefined && running.length > 1) {
    throw new UsageError(`several clusters were left running: name one of ${running.map((state) => state.slot).join(', ')}, or all`);
  }
  if (running.length === 0) onProgress('no cluster was left running');
  for (const state of running.filter((each) => typeof slot !== 'number' || each.slot === slot)) {
    await stopLeftRunning(state);
    onProgress(`cluster ${state.slot} is gone`);
  }
}
