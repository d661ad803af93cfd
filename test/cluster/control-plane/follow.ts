import type { ApiClient } from './api-client.ts';

/** What any object says of itself. */
export interface Named {
  readonly metadata: { readonly namespace?: string; readonly name: string };
}

/** What to follow. */
export interface FollowOptions<T> {
  readonly client: ApiClient;
  /** Path of a list, such as '/api/v1/services?fieldSelector=…'. */
  readonly path: string;
  readonly signal: AbortSignal;
  /** Called with all objects by namespace/name, after the list and after each change. What it throws counts as an error of the watch. */
  readonly onChange: (objects: ReadonlyMap<string, T>) => Promise<void> | void;
  readonly onError?: (error: unknown) => void;
}

const retryMs = 200;

/** Lists and watches until the signal fires. After any error it begins anew; an API server that is away is waited for. */
export async function follow<T extends Named>({ client, path, signal, onChange, onError = () => {} }: FollowOptions<T>): Promise<void> {
  const joint = path.includes('?') ? '&' : '?';
  while (!signal.aborted) {
    try {
      const list = await client.send<{ metadata: { resourceVersion: string }; items: readonly T[] }>(path, { signal });
      const objects = new Map(list.items.map((object) => [keyOf(object), object]));
      await onChange(objects);
      for await (const event of client.watch(`${path}${joint}watch=1&resourceVersion=${list.metadata.resourceVersion}`, signal)) {
        if (event.type === 'ERROR') throw new Error(`the watch of ${path} ended: ${JSON.stringify(event.object)}`);
        const object = event.object as T;
        if (event.type === 'DELETED') objects.delete(keyOf(object));
        else objects.set(keyOf(object), object);
        await onChange(objects);
      }
    } catch (error) {
      if (signal.aborted) return;
      onError(error);
    }
    await new Promise((resolve) => setTimeout(resolve, retryMs));
  }
}

export function keyOf({ metadata: { namespace = '', name } }: Named): string {
  return `${namespace}/${name}`;
}
