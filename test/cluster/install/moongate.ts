import { join } from 'node:path';
import type { Cluster } from '../cluster.ts';
import { writeChartCrds } from '../../../tools/charts/chart-crds.ts';
import { run } from '../tools/run.ts';

const chart = join(import.meta.dirname, '../../../charts/moongate');
const namespace = 'envoy-gateway-system';
const timeoutMs = 3 * 60 * 1000;

/** Installs Moongate from its chart as a user would, and waits until it runs. `set` are values as helm takes them. */
export async function installMoongate(cluster: Cluster, { set = [] }: { readonly set?: readonly string[] } = {}): Promise<void> {
  // The chart's CRDs are made from definitions/, and are not in the repository.
  writeChartCrds();
  try {
    await run('helm', [
      'install', 'moongate', chart, '--namespace', namespace, '--create-namespace', '--wait', '--timeout', `${timeoutMs / 1000}s`, ...set.flatMap((value) => ['--set', value]),
    ], { env: cluster.env, timeout: timeoutMs });
  } catch (error) {
    throw new Error(`Moongate does not become ready:\n${await describe(cluster)}`, { cause: error });
  }
}

/** What a person would look at next. */
async function describe(cluster: Cluster): Promise<string> {
  const asked = [['get', 'pods', '-o', 'wide'], ['get', 'events'], ['logs', '--selector', 'app.kubernetes.io/name=moongate', '--tail', '20', '--all-containers']];
  const answers = await Promise.all(asked.map((args) => cluster.kubectl(['-n', namespace, ...args]).catch(String)));
  return answers.join('\n');
}
