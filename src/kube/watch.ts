import type { KubeClient, KubeStream } from './client.ts';
import { JsonLines } from './json-lines.ts';
import { errorOfContent, errorOfEvent } from './kube-error.ts';
import type { ObjectEvent } from './known-objects.ts';
import { collectionPath } from './resource.ts';
import type { KubeResource } from './resource.ts';
import { messageOf } from '../util/error-message.ts';
import { asObject } from './verbs.ts';

export interface WatchOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Changes after this version. */
  readonly resourceVersion: string;
  /** After this long the server ends the watch. */
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
}

/** What one read from the connection told. */
export interface WatchChunk {
  readonly events: readonly ObjectEvent[];
  /** Where to go on after these events. */
  readonly resourceVersion: string;
}

/** The largest event: etcd takes 1.5 MiB an object, JSON makes more of it. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;
/** A server that does not end the watch in time is taken for dead after this much more. */
const GRACE_MS = 10_000;

/**
 * Opens a watch: resolves when the server has accepted it. The changes come chunk by chunk until the server ends the watch. Both throw a
 * `KubeError`: code 410 when the version is too old (whether the server says so by status or by event), code 0 when the connection broke.
 * What broke off in the middle of an event is as if it never came. The chunks have to be read, or the signal aborted.
 */
export async function openWatch(client: KubeClient, resource: KubeResource, options: WatchOptions): Promise<AsyncIterable<WatchChunk>> {
  const { namespace, labelSelector, fieldSelector, resourceVersion, timeoutSeconds } = options;
  const path = collectionPath(resource, namespace);
  const query = { watch: 1, allowWatchBookmarks: true, resourceVersion, timeoutSeconds, labelSelector, fieldSelector };
  const overdue = AbortSignal.timeout(timeoutSeconds * 1000 + GRACE_MS);
  const stream = await client.stream({ path, query, signal: AbortSignal.any([options.signal, overdue]) });
  return chunksOf(stream, resource, path, resourceVersion);
}

async function* chunksOf(stream: KubeStream, resource: KubeResource, path: string, start: string): AsyncGenerator<WatchChunk> {
  const request = { method: 'WATCH', path };
  const lines = new JsonLines(MAX_LINE_BYTES);
  let position = start;
  try {
    for await (const chunk of stream.body) {
      const events: ObjectEvent[] = [];
      for (const { type, object } of linesOf(lines, chunk, request) as RawEvent[]) {
        if (type === 'ERROR') throw errorOfEvent(request, object);
        position = object?.metadata?.resourceVersion ?? position;
        if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') events.push({ type, object: asObject(object, resource) });
      }
      yield { events, resourceVersion: position };
    }
  } finally {
    stream.destroy();
  }
}

interface RawEvent {
  readonly type: string;
  readonly object?: { readonly metadata?: { readonly resourceVersion?: string } };
}

function linesOf(lines: JsonLines, chunk: Buffer, request: { readonly method: string; readonly path: string }): unknown[] {
  try {
    return lines.push(chunk);
  } catch (error) {
    throw errorOfContent(request, `the watch sent what is no event: ${messageOf(error)}`);
  }
}
