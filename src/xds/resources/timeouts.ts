import type { MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import type { RouteActionSchema } from '../../gen/envoy/config/route/v3/route_components_pb.ts';
import type { Retry, Timeouts } from '../../ir/route.ts';

/** Envoy ends a stream on which nothing moved for so long, in milliseconds; the connection manager's default. */
const streamIdleLimit = 5 * 60_000;

/** The least idle limit of a route whose requests may take longer than the default lets them, in milliseconds. */
const longStreamIdleLimit = 60 * 60_000;

/**
 * The time a request may take. None given means none: a language model answers as long as it answers, and Envoy's own
 * default of 15 s would cut it. A stream on which nothing moves is still ended after five minutes.
 *
 * With retries the limit of one try is in the retry policy; without, it is one more limit of the whole.
 */
export function timeoutFields(
  timeouts: Timeouts,
  retry: Retry | undefined,
): Pick<MessageInitShape<typeof RouteActionSchema>, 'timeout' | 'idleTimeout'> {
  const retries = retry !== undefined && retry.attempts > 0;
  const limit = retries ? timeouts.request : least(timeouts.request, timeouts.backendRequest);
  if (limit === undefined) return { timeout: durationFromMs(0) };
  if (limit <= streamIdleLimit) return { timeout: durationFromMs(limit) };
  return { timeout: durationFromMs(limit), idleTimeout: durationFromMs(Math.max(limit, longStreamIdleLimit)) };
}

function least(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b;
  return b === undefined ? a : Math.min(a, b);
}
