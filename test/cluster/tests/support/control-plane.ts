import { X509Certificate } from 'node:crypto';
import type { Cluster } from '../../cluster.ts';
import { eventually } from '../../lifetime/eventually.ts';
import { metric, namespace } from './pods.ts';
import type { Pod } from './pods.ts';

const leasePath = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/moongate-controller`;
const authorityPath = `/api/v1/namespaces/${namespace}/secrets/moongate-ca`;
/** Two settling times, with all that happens in between. */
const rotationMs = 120_000;

/** Who holds the Lease, as it says; '' when it is released. */
export async function leaseHolder({ controlPlane: { client } }: Cluster): Promise<string> {
  const { spec } = await client.send<{ spec: { holderIdentity?: string } }>(leasePath);
  return spec.holderIdentity ?? '';
}

/** How many Envoys are connected to these replicas. */
export async function streamsOf(pods: readonly Pod[]): Promise<number> {
  return sum(await Promise.all(pods.map((pod) => metric(pod, 'moongate_xds_streams'))));
}

/** How often Envoys have connected to these replicas. */
export async function connectsOf(pods: readonly Pod[]): Promise<number> {
  return sum(await Promise.all(pods.map((pod) => metric(pod, 'moongate_xds_connects_total'))));
}

/** Asks for another authority, and answers the fingerprint of the one that signs still. */
export async function rotateAuthority({ controlPlane: { client } }: Cluster): Promise<string> {
  const { current } = await authority(client);
  await client.send(authorityPath, { method: 'PATCH', body: { metadata: { annotations: { 'moongate.dev/rotate': 'now' } } } });
  return current;
}

/** Waits until another authority than that one signs, and is the only one that is trusted. */
export async function untilRotated({ controlPlane: { client } }: Cluster, former: string): Promise<void> {
  await eventually('the authority is another', async () => {
    const { current, trusted } = await authority(client);
    return current !== former && trusted === 1;
  }, { limit: rotationMs, interval: 500 });
}

async function authority(client: Cluster['controlPlane']['client']): Promise<{ current: string; trusted: number }> {
  const { data } = await client.send<{ data: Readonly<Record<string, string>> }>(authorityPath);
  const pem = (name: string): string => Buffer.from(data[name] ?? '', 'base64').toString();
  return { current: new X509Certificate(pem('tls.crt')).fingerprint256, trusted: pem('ca.crt').split('BEGIN CERTIFICATE').length - 1 };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
