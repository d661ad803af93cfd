import { setTimeout as sleep } from 'node:timers/promises';
import { createObject } from '../../src/kube/verbs.ts';
import { NAMESPACES, SERVICES } from '../../src/kube/well-known.ts';
import { round } from '../propagation/statistics.ts';
import { httpRoutes, route, service } from './objects.ts';
import type { Stage } from './stage.ts';
import { together } from './together.ts';
import { untilAnswered } from './until-served.ts';

/** The control plane with many routes and Services. */
export interface ScaleResult {
  readonly routes: number;
  readonly services: number;
  readonly rss_before_mb: number;
  readonly rss_mb: number;
  readonly rss_peak_mb: number;
  /** From the last create until the last route answers, ms. */
  readonly served_ms: number;
  /** Cores while nothing changes. */
  readonly idle_cores: number;
  readonly envoy_rss_mb: number;
}

const namespaces = 50;
const requestsAtATime = 32;
/** The garbage of the beginning is collected, and nothing is measured meanwhile. */
const calmMs = 20_000;
const idleMs = 30_000;
const servedMs = 600_000;

/** Makes as many routes as Services, each route to a Service of its own, spread over namespaces; then does nothing for a while. */
export async function measureScale({ client, address, controlPlane, envoy }: Stage, count: number): Promise<ScaleResult> {
  const before = controlPlane.rssMb();
  const places = Array.from({ length: namespaces }, (_, index) => `scale-${index}`);
  await together(places, requestsAtATime, (name) => createObject(client, NAMESPACES, { metadata: { name } }));
  const items = Array.from({ length: count }, (_, index) => ({ name: `scale-${index}`, inNamespace: places[index % namespaces] ?? '' }));
  let peak = before;
  const look = setInterval(() => (peak = Math.max(peak, controlPlane.rssMb())), 500);
  try {
    await together(items, requestsAtATime, async ({ name, inNamespace }) => {
      await createObject(client, SERVICES, service(name, inNamespace));
      await createObject(client, httpRoutes, route(name, { inNamespace, to: name }));
    });
    const created = performance.now();
    // It is served when it is no longer answered with 404: the Services have no Pods, so the answer is 503.
    await untilAnswered(address, `scale-${count - 1}.example.com`, { limitMs: servedMs, isEnough: (status) => status !== 404 });
    const served = performance.now() - created;
    await sleep(calmMs);
    const cpu = controlPlane.cpuMs();
    await sleep(idleMs);
    return {
      routes: count,
      services: count,
      rss_before_mb: Math.round(before),
      rss_mb: Math.round(controlPlane.rssMb()),
      rss_peak_mb: Math.round(peak),
      served_ms: Math.round(served),
      idle_cores: round((controlPlane.cpuMs() - cpu) / idleMs),
      envoy_rss_mb: Math.round(envoy.rssMb()),
    };
  } finally {
    clearInterval(look);
  }
}
