import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { startCluster } from '../cluster.ts';
import type { Cluster } from '../cluster.ts';
import { ApiClient } from '../control-plane/api-client.ts';
import type { ApiError } from '../control-plane/api-client.ts';
import { apiServerReady, openBackDoor } from '../faults/api-server.ts';
import { cutOff } from '../faults/cut-off.ts';
import { forgetHistory, restoreEtcd, saveEtcd } from '../faults/etcd.ts';
import { eventually } from '../lifetime/eventually.ts';
import { runOn } from '../lifetime/machine.ts';
import { clusterDir } from '../lifetime/state.ts';
import type { AddressPlan } from '../network/address-plan.ts';
import { addressPlan } from '../network/address-plan.ts';
import { run } from '../tools/run.ts';
import { echo } from './echo.ts';

const limit = 30_000;

/** Everything by which a cluster shows on this machine. */
async function traces({ slot, prefix, cidr }: AddressPlan): Promise<string[]> {
  const [namespaces, links, routes] = await Promise.all([['netns', 'list'], ['-o', 'link'], ['route', 'show', 'table', 'all']].map((args) => run('ip', args)));
  const own = new RegExp(`\\b${prefix}(-[a-z0-9]+)?\\b`);
  const network = cidr.replace('.0.0/16', '.');
  const cgroups = readdirSync('/sys/fs/cgroup').filter((tree) => existsSync(join('/sys/fs/cgroup', tree, `${prefix}-n1`)));
  return [
    ...`${namespaces}\n${links}`.split('\n').filter((line) => own.test(line)),
    ...(routes ?? '').split('\n').filter((line) => line.includes(network)),
    ...readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter((line) => line.includes(clusterDir(slot))),
    ...cgroups,
    ...(existsSync(`/sys/fs/cgroup/${prefix}-n1`) ? [prefix] : []),
    ...processesOf(slot),
    ...(existsSync(clusterDir(slot)) ? [clusterDir(slot)] : []),
  ];
}

function processesOf(slot: number): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    } catch {
      return '';
    }
  }).filter((command) => command.includes(`${clusterDir(slot)}/`));
}

async function get(url: string): Promise<{ status: number; pod: string }> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000), headers: { connection: 'close' } });
  const { pod = '' } = (await response.json()) as { pod?: string };
  return { status: response.status, pod };
}

describe('a cluster of two nodes', () => {
  let cluster: Cluster;

  before(async () => {
    cluster = await startCluster({ nodes: [{ zone: 'a' }, { zone: 'b' }] });
    await cluster.apply(echo('east', { nodeSelector: { zone: 'a' }, type: 'LoadBalancer' }));
    await cluster.apply(echo('west', { nodeSelector: { zone: 'b' }, type: 'LoadBalancer', loadBalancerIP: cluster.plan.loadBalancers.replace('.0/24', '.230'), externalTrafficPolicy: 'Local' }));
    await cluster.kubectl(['wait', '--for=condition=Available', 'deployment', '--all', '--timeout=60s']);
  });

  after(() => cluster.stop());

  const addressOf = async (name: string): Promise<string> => {
    let address = '';
    await eventually(`${name} has an address`, async () => {
      address = await cluster.kubectl(['get', 'service', name, '-o', 'jsonpath={.status.loadBalancer.ingress[0].ip}']);
      return address !== '';
    }, { limit });
    return address;
  };
  const answers = async (url: string, pod: string): Promise<void> => {
    await eventually(`${url} answers`, async () => {
      const answer = await get(url);
      return answer.status === 200 && answer.pod.startsWith(pod);
    }, { limit });
  };

  test('nodes have their labels, and nothing of the cluster is open to strangers', async () => {
    const labels = await cluster.kubectl(['get', 'nodes', '-o', 'jsonpath={.items[*].metadata.labels.zone}']);
    assert.equal(labels, 'a b');
    await assert.rejects(new ApiClient({ ...cluster.controlPlane.access, token: 'guessed' }).send('/api/v1/secrets'), /401/);
    const unauthorized = await cluster.kubectl(['auth', 'can-i', 'list', 'secrets', '--as', 'system:serviceaccount:default:default']).catch((error: unknown) => (error as { stdout: string }).stdout);
    assert.equal(unauthorized.trim(), 'no');
  });

  test('a LoadBalancer answers at its address from this host, on whichever node its Pods are', async () => {
    await answers(`http://${await addressOf('east')}:8080/`, 'east-');
    const west = await addressOf('west');
    assert.match(west, /\.230$/);
    await answers(`http://${west}:8080/`, 'west-');
  });

  test('a node port answers at the addresses of all nodes', async () => {
    const port = await cluster.kubectl(['get', 'service', 'east', '-o', 'jsonpath={.spec.ports[0].nodePort}']);
    for (const { address } of cluster.nodes) await answers(`http://${address}:${port}/`, 'east-');
  });

  test('the logs of Pods can be read', async () => {
    await answers(`http://${await addressOf('east')}:8080/seen`, 'east-');
    assert.match(await cluster.kubectl(['logs', 'deployment/east']), /\/seen/);
  });

  test('names of Services are resolved in the cluster', async () => {
    for (const node of cluster.nodes) {
      const script = `import { Resolver } from 'node:dns/promises'; const r = new Resolver(); r.setServers(['${cluster.plan.dns}']); console.log((await r.resolve4('east.default.svc.cluster.local')).join());`;
      const [resolved, address] = await Promise.all([
        runOn(node.machine, process.execPath, ['--input-type=module', '-e', script]),
        cluster.kubectl(['get', 'service', 'east', '-o', 'jsonpath={.spec.clusterIP}']),
      ]);
      assert.equal(resolved.trim(), address);
    }
  });

  test('a node that is cut off is reached from this host and by nobody else, until the line is healed', async () => {
    const [, west] = cluster.nodes;
    assert.ok(west);
    const url = `http://${await addressOf('west')}:8080/`;
    const heal = await cutOff(cluster, west);
    await answers(url, 'west-');
    const script = `const socket = (await import('node:net')).connect(6443, '${cluster.plan.controlPlane}', () => process.exit(0)); socket.setTimeout(1000, () => process.exit(28));`;
    const reach = (): Promise<string> => runOn(west.machine, process.execPath, ['--input-type=module', '-e', script]);
    await assert.rejects(reach(), /status 28/);
    await heal();
    await reach();
  });

  test('the API server comes back with other content, and what it forgot is gone', async () => {
    const { controlPlane } = cluster;
    const { metadata: { resourceVersion } } = await controlPlane.client.send<{ metadata: { resourceVersion: string } }>('/api/v1/configmaps');
    await controlPlane.apiServer.kill();
    const door = await openBackDoor(cluster);
    await door.client.send('/api/v1/namespaces/default/configmaps', { method: 'POST', body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'meanwhile' } } });
    await assert.rejects(controlPlane.client.send('/readyz'), /ECONNREFUSED/);
    await door.close();
    controlPlane.apiServer.start();
    await apiServerReady(controlPlane);
    assert.match(await cluster.kubectl(['get', 'configmap', 'meanwhile', '-o', 'name']), /meanwhile/);
    await forgetHistory(cluster);
    const events = controlPlane.client.watch(`/api/v1/configmaps?watch=1&resourceVersion=${resourceVersion}`, AbortSignal.timeout(limit));
    // The API server says so in its status, or as the first event.
    const code = await events.next().then(({ value }) => (value as { object: { code?: number } }).object.code, (error: unknown) => (error as ApiError).status);
    assert.equal(code, 410);
    await events.return(undefined);
  });

  test('a backup of etcd can be restored', async () => {
    await saveEtcd(cluster, 'before');
    await cluster.kubectl(['create', 'configmap', 'after']);
    await restoreEtcd(cluster, 'before');
    await assert.rejects(cluster.kubectl(['get', 'configmap', 'after']), /not found/);
    await answers(`http://${await addressOf('east')}:8080/`, 'east-');
  });
});

test('a cluster leaves nothing behind, and another one beside it does not notice', async () => {
  const [one, other] = await Promise.all([startCluster(), startCluster()]);
  try {
    assert.notEqual(one.plan.slot, other.plan.slot);
    assert.notDeepEqual(await traces(one.plan), []);
    await one.stop();
    assert.deepEqual(await traces(one.plan), []);
    assert.match(await other.kubectl(['get', 'nodes']), /Ready/);
  } finally {
    await one.stop();
    await other.stop();
  }
  assert.deepEqual(await traces(other.plan), []);
});

test('the command line ends as its command did, and a cluster whose process is killed goes with it', async () => {
  const main = join(import.meta.dirname, '../main.ts');
  const start = (command: string) => spawn(process.execPath, [main, '--bare', '--exec', command], { stdio: ['ignore', 'pipe', 'inherit'] });
  const failing = start('kubectl get nodes; exit 7');
  failing.stdout.resume();
  const [code] = (await once(failing, 'exit')) as [number];
  assert.equal(code, 7);

  const child = start('echo $KUBECONFIG; sleep 600');
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const slot = Number(/moongate-cluster-(\d+)/.exec(line)?.[1]);
  assert.notDeepEqual(await traces(addressPlan(slot)), []);
  child.kill('SIGKILL');
  await eventually('nothing is left', async () => (await traces(addressPlan(slot))).length === 0, { limit });
});
