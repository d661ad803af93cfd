/**
 * A cluster's background process: `node keeper.ts SLOT`. It gives addresses to LoadBalancers, and takes the cluster down
 *
 *   - when its standard input ends, which happens however the owner ends, kill -9 included, unless the owner said "detach" before;
 *   - when it gets SIGTERM, which is how a cluster that was left running is stopped.
 *
 * What it prints goes to a file of the cluster.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describeError } from '../cli/describe-error.ts';
import { takeDown } from './take-down.ts';
import { clusterDir, readState } from './state.ts';
import { ApiClient } from '../control-plane/api-client.ts';
import { parseKubeconfig } from '../control-plane/kubeconfig.ts';
import { addressPlan, nodeAddress } from '../network/address-plan.ts';
import { runLoadBalancers } from '../network/load-balancer-controller.ts';

const slot = Number(process.argv[2]);
const plan = addressPlan(slot);
const attempts = 3;
const end = new AbortController();

async function keep(): Promise<void> {
  const client = new ApiClient(parseKubeconfig(await readFile(join(clusterDir(slot), 'kubeconfig'), 'utf8')));
  const names = (await readState(slot))?.nodes ?? [];
  const nodes = new Map(names.map((name, index) => [name, nodeAddress(plan, index)]));
  await runLoadBalancers({ plan, nodes, client, signal: end.signal, onError: (error) => console.error(String(error)) });
  client.close();
}

const finished = new Promise<void>((resolve) => {
  // Ctrl-C is for the owner, who ends us when it is done.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
  process.on('SIGTERM', resolve);
  let detached = false;
  const input = createInterface({ input: process.stdin });
  input.on('line', (line) => {
    if (line === 'serve') void keep();
    if (line === 'detach') detached = true;
  });
  input.on('close', () => {
    if (!detached) resolve();
  });
});
// Something has to be waited for when the input has ended.
const alive = setInterval(() => {}, 60_000);
await finished;
clearInterval(alive);
end.abort();
for (let attempt = 1; ; attempt++) {
  try {
    await takeDown(slot);
    break;
  } catch (error) {
    console.error(`cluster ${slot} cannot be taken down: ${describeError(error)}`);
    // The next start on this machine tries again.
    if (attempt === attempts) process.exit(1);
  }
}
process.exit(0);
