import type { Any } from '@bufbuild/protobuf/wkt';
import { BufferSchema } from '../../gen/envoy/extensions/filters/http/buffer/v3/buffer_pb.ts';
import { any } from './bytes.ts';
import { filtersOfRoute } from './filters-of-route.ts';
import { headerMatches } from './header-predicate.ts';

export const wholeBodyFilter = 'envoy.filters.http.buffer';

/** Bytes of the largest body that a picker of ours is asked about: prompts of a million tokens, pictures, recordings. A larger one is answered with 413. */
export const pickedBodyLimit = 32 * 1024 * 1024;

/**
 * Requests go on when they are there to their end: Envoy's external processing would send the beginning of a body twice when it
 * fails while more of it is to come and the route has retries (https://github.com/envoyproxy/envoy/issues/36119). A picker loses nothing, since it
 * decides by the whole body, and is not kept busy by clients that take their time. What has no end to wait for passes: calls that may be conversations,
 * and connections that become something else.
 */
export function wholeBodyPolicy(): Any {
  const config = any(BufferSchema, { maxRequestBytes: pickedBodyLimit });
  return filtersOfRoute([{ name: wholeBodyFilter, typedConfig: config }], [headerMatches('content-type', 'application/grpc.*'), headerMatches('upgrade', '.*')]);
}
