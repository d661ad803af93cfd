import assert from 'node:assert/strict';
import { eventually } from '../../lifetime/eventually.ts';
import { ask, echoOf } from './client.ts';
import type { Echo } from './client.ts';

/** Where a gateway with the routes of the manifests answers. */
export interface Place {
  readonly address: string;
  readonly port?: number;
}

export const host = 'www.example.com';
const limit = 60_000;

/** What the backend sees of a request to /get. Rejects unless one answers. */
export async function get(place: Place): Promise<Echo> {
  return echoOf(await ask({ ...place, host }));
}

/** With httproute-1-path: the backend answers what Envoy has added, and nothing else than its host and path leads there. */
export async function assertPathRoute(place: Place): Promise<void> {
  await eventually('the gateway answers', async () => (await get(place)).method === 'GET', { limit });
  const { path, host: seenHost, method, proto, namespace, pod, headers } = await get(place);
  assert.deepEqual({ path, host: seenHost, method, proto, namespace }, { path: '/get', host, method: 'GET', proto: 'HTTP/1.1', namespace: 'default' });
  assert.match(pod, /^backend-/);
  assert.deepEqual(headers['X-Forwarded-Proto'], ['http']);
  assert.match(headers['X-Forwarded-For']?.[0] ?? '', /^[\d.]+$/);
  assert.match(headers['X-Envoy-External-Address']?.[0] ?? '', /^[\d.]+$/);
  assert.match(headers['X-Request-Id']?.[0] ?? '', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.equal(headers['Added-Header'], undefined);
  for (const [other, path] of [[host, '/'], [host, '/getaway'], ['example.com', '/get'], [place.address, '/get']] as const) {
    assert.equal((await ask({ ...place, host: other, path })).status, 404, `${other}${path}`);
  }
}

/** With httproute-2-header. */
export async function assertHeaderRoute(place: Place): Promise<void> {
  await eventually('the backend sees the header', async () => (await get(place)).headers['Added-Header']?.[0] === 'foo', { limit });
}

/** With httproute-3-weights: of 1,000 requests, 80 % ± 4 reach `backend`, the others `backend-2`. */
export async function assertWeights(place: Place): Promise<void> {
  await eventually('both backends answer', async () => (await get(place)).pod.startsWith('backend-2-'), { limit });
  const counts = { 'backend': 0, 'backend-2': 0 };
  for (let round = 0; round < 100; round++) {
    for (const { pod } of await Promise.all(Array.from({ length: 10 }, () => get(place)))) counts[pod.startsWith('backend-2-') ? 'backend-2' : 'backend']++;
  }
  assert.equal(counts.backend + counts['backend-2'], 1000);
  assert.ok(Math.abs(counts.backend - 800) <= 40, JSON.stringify(counts));
}
