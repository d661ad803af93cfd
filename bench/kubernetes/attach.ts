import type { KubeObject } from '../../src/kube/object.ts';
import { Reflector } from '../../src/kube/reflector.ts';
import { createObject, deleteObject, getObject } from '../../src/kube/verbs.ts';
import { silentLog } from '../../src/util/log.ts';
import { until } from '../../test/feature/until.ts';
import { gatewayName, gateways, httpRoutes, namespace, route } from './objects.ts';
import type { Stage } from './stage.ts';
import { together } from './together.ts';

/** What became of routes that were attached at once. Times are milliseconds after the last of them was created, or deleted. */
export interface AttachResult {
  readonly routes: number;
  readonly creating_ms: number;
  readonly accepted_ms: number;
  readonly attached_ms: number;
  readonly gateway_writes: number;
  /** CPU from the first create until all is said. */
  readonly cp_cpu_ms: number;
  readonly envoy_cpu_ms: number;
  readonly detached_ms: number;
  readonly detach_writes: number;
}

const limitMs = 300_000;
const requestsAtATime = 32;

/** Attaches routes to one Gateway as fast as the API server takes them, waits until all is said about them, and takes them away again. */
export async function measureAttach({ client, controlPlane, envoy }: Stage, count: number): Promise<AttachResult> {
  const names = Array.from({ length: count }, (_, index) => `attach-${index}`);
  const accepted = new Set<string>();
  const before = attached(await getObject(client, gateways, { namespace, name: gatewayName }));
  let now = before;
  let nowSince = 0;
  let writes = 0;
  let acceptedAt = 0;
  const watches = [
    new Reflector({
      client, resource: httpRoutes, namespaces: [namespace], log: silentLog,
      onChange: ({ set, deleted }) => {
        for (const object of set) if (object.metadata.name.startsWith('attach-') && isAccepted(object)) accepted.add(object.metadata.name);
        for (const key of deleted) accepted.delete(key.slice(key.indexOf('/') + 1));
        if (accepted.size === count) acceptedAt ||= performance.now();
      },
    }),
    new Reflector({
      client, resource: gateways, namespaces: [namespace], log: silentLog,
      onChange: ({ set }) => {
        for (const object of set) {
          writes++;
          now = attached(object);
          nowSince = performance.now();
        }
      },
    }),
  ];
  for (const watch of watches) watch.start();
  try {
    await Promise.all(watches.map((watch) => watch.whenSynced()));
    writes = 0;
    const cpu = [controlPlane.cpuMs(), envoy.cpuMs()] as const;
    const start = performance.now();
    await together(names, requestsAtATime, (name) => createObject(client, httpRoutes, route(name)));
    const created = performance.now();
    await until('all routes are Accepted', () => accepted.size === count, limitMs);
    await until('attachedRoutes is right', () => now === before + count, limitMs);
    const attachWrites = writes;
    const spent = [controlPlane.cpuMs() - cpu[0], envoy.cpuMs() - cpu[1]] as const;
    const attachedAt = nowSince;
    writes = 0;
    await together(names, requestsAtATime, (name) => deleteObject(client, httpRoutes, { namespace, name }));
    const deleted = performance.now();
    await until('attachedRoutes is as before', () => now === before, limitMs);
    return {
      routes: count,
      creating_ms: Math.round(created - start),
      accepted_ms: Math.round(Math.max(0, acceptedAt - created)),
      attached_ms: Math.round(Math.max(0, attachedAt - created)),
      gateway_writes: attachWrites,
      cp_cpu_ms: Math.round(spent[0]),
      envoy_cpu_ms: Math.round(spent[1]),
      detached_ms: Math.round(Math.max(0, nowSince - deleted)),
      detach_writes: writes,
    };
  } finally {
    await Promise.all(watches.map((watch) => watch.stop()));
  }
}

function isAccepted({ status }: KubeObject): boolean {
  const { parents = [] } = (status ?? {}) as { readonly parents?: readonly { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }[] };
  return parents.some(({ conditions = [] }) => conditions.some(({ type, status: value }) => type === 'Accepted' && value === 'True'));
}

function attached({ status }: KubeObject): number {
  const { listeners = [] } = (status ?? {}) as { readonly listeners?: readonly { readonly attachedRoutes?: number }[] };
  return listeners[0]?.attachedRoutes ?? -1;
}
