import type { Cluster } from '../../test/cluster/cluster.ts';
import type { KubeObject } from './objects.ts';

/** Requests that are on their way at once: enough to keep the API server busy. */
const concurrency = 24;

type Client = Cluster['controlPlane']['client'];

/** Creates objects in a list, many at once, in no particular order. */
export async function createAll(client: Client, path: string, objects: readonly KubeObject[]): Promise<void> {
  await forEach(objects, (object) => client.send(path, { method: 'POST', body: object }));
}

/** Deletes objects by their paths, many at once. */
export async function deleteAll(client: Client, objects: readonly string[]): Promise<void> {
  await forEach(objects, (path) => client.send(path, { method: 'DELETE' }));
}

/** Runs something for each item, a bounded number at a time. */
async function forEach<T>(items: readonly T[], run: (item: T) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (;;) {
      const index = next++;
      if (index >= items.length) return;
      await run(items[index] as T);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}
