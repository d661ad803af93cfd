import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { apiServerReady } from './api-server.ts';
import type { Cluster } from '../cluster.ts';
import { runOn } from '../lifetime/machine.ts';

/** Stops the API server and etcd, does something, and starts both again. Resolves when the API server is ready. */
export async function withoutEtcd({ controlPlane }: Cluster, work: () => Promise<void>): Promise<void> {
  const { etcd, apiServer } = controlPlane;
  await apiServer.stop();
  await etcd.stop();
  try {
    await work();
  } finally {
    etcd.start();
    apiServer.start();
  }
  await apiServerReady(controlPlane);
}

/** Keeps what etcd holds, under a name. */
export async function saveEtcd(cluster: Cluster, name: string): Promise<void> {
  await withoutEtcd(cluster, () => cp(cluster.controlPlane.etcdDir, saved(cluster, name), { recursive: true }));
}

/** Puts back what was saved, as somebody who restores a backup does: what happened since is undone, and versions begin from there again. */
export async function restoreEtcd(cluster: Cluster, name: string): Promise<void> {
  const { etcdDir } = cluster.controlPlane;
  await withoutEtcd(cluster, async () => {
    await rm(etcdDir, { recursive: true });
    await cp(saved(cluster, name), etcdDir, { recursive: true });
  });
}

/**
 * Makes etcd and the API server forget all versions but the last: whoever wants to go on from an earlier one gets a 410. The API server is restarted for it. A change is
 * made to a ConfigMap first, so that every version that anybody knows is an earlier one.
 */
export async function forgetHistory(cluster: Cluster): Promise<void> {
  const { controlPlane } = cluster;
  await cluster.apply([{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'moongate-test-forgotten', namespace: 'kube-system' }, data: { at: String(performance.now()) } }]);
  await controlPlane.apiServer.stop();
  await runOn(cluster.machines.controlPlane, process.execPath, ['--input-type=module', '-e', compact]);
  controlPlane.apiServer.start();
  await apiServerReady(controlPlane);
}

/** etcd answers JSON over HTTP too, but only on the control plane's own loopback address. */
const compact = `
const ask = async (path, body) => {
  const response = await fetch('http://127.0.0.1:2379/v3/kv/' + path, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error('etcd: ' + path + ': ' + response.status + ' ' + await response.text());
  return response.json();
};
const { header: { revision } } = await ask('range', { key: 'AA==', limit: 1 });
await ask('compaction', { revision, physical: true });
`;

function saved({ dir }: Cluster, name: string): string {
  return join(dir, 'etcd-saved', name);
}
