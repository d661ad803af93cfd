import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Cluster } from '../../cluster.ts';
import { eventually } from '../../lifetime/eventually.ts';
import { isTrue, type Condition } from './conditions.ts';

export interface Pod {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string; readonly deletionTimestamp?: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: { readonly nodeName?: string };
  readonly status: { readonly podIP?: string; readonly conditions?: readonly Condition[] };
}

/** Where the chart and the proxies are. */
export const namespace = 'envoy-gateway-system';
export const controllers = 'control-plane=envoy-gateway';
export const proxies = 'gateway.envoyproxy.io/owning-gateway-name=ack-gateway';

/** A minute of draining, unless connections go before, and the machine is busy. */
const drainMs = 120_000;

/** Pods with these labels that are not about to go, by name. */
export async function podsOf({ controlPlane: { client } }: Pick<Cluster, 'controlPlane'>, labels: string): Promise<Pod[]> {
  const { items } = await client.send<{ readonly items: readonly Pod[] }>(`/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(labels)}`);
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined).sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

export function isReady({ status }: Pod): boolean {
  return isTrue(status.conditions, 'Ready');
}

/** Waits until nothing of these Pods is left: they had to be drained. */
export async function untilGone({ controlPlane: { client } }: Pick<Cluster, 'controlPlane'>, pods: readonly Pod[]): Promise<void> {
  const uids = new Set(pods.map(({ metadata }) => metadata.uid));
  await eventually(`Pods ${pods.map(({ metadata }) => metadata.name).join(', ')} are gone`, async () => {
    const { items } = await client.send<{ readonly items: readonly Pod[] }>(`/api/v1/namespaces/${namespace}/pods`);
    return !items.some(({ metadata }) => uids.has(metadata.uid));
  }, { limit: drainMs });
}

/** The processes of a Pod's containers that run this program ('envoy', 'node'), by the kubelet's cgroups. */
export function processesOf({ metadata: { uid } }: Pod, program: string): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(`pod${uid}`) && basename(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0', 1)[0] ?? '') === program;
    } catch {
      // It has ended meanwhile.
      return false;
    }
  });
}

/** Sends a signal to the processes of a Pod that run this program. Throws when there are none. */
export function signalPod(pod: Pod, program: string, signal: NodeJS.Signals): void {
  const pids = processesOf(pod, program);
  if (pids.length === 0) throw new Error(`Pod ${pod.metadata.name} runs no ${program}`);
  for (const pid of pids) process.kill(pid, signal);
}

/** A metric of a control plane's Pod: the sum over its series whose labels hold the text. */
export async function metric({ metadata: { name }, status: { podIP } }: Pod, series: string, labels = ''): Promise<number> {
  const response = await fetch(`http://${podIP}:19001/metrics`, { signal: AbortSignal.timeout(5000), headers: { connection: 'close' } });
  if (!response.ok) throw new Error(`Pod ${name} answers ${response.status} for its metrics`);
  const lines = (await response.text()).split('\n').filter((line) => (line.startsWith(`${series} `) || line.startsWith(`${series}{`)) && line.includes(labels));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
