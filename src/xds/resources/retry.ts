import type { MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import type { RetryPolicySchema } from '../../gen/envoy/config/route/v3/route_components_pb.ts';
import { PreviousHostsPredicateSchema } from '../../gen/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.ts';
import type { Forward } from '../../ir/route.ts';
import { any } from './bytes.ts';

/** How often a retry looks for a server that was not tried yet before it takes one that was: of two servers it draws the same with 1/2. */
const hostSelectionAttempts = 30n;

/**
 * What failed without the server having begun on it is tried again, and the codes the user names.
 *
 * "Implementations SHOULD NOT retry by default on failures where the request may have been processed"
 * (https://gateway-api.sigs.k8s.io/reference/spec/#httprouteretry), so `reset` is not among them, except where
 * the user limits the time of each try: the specification wants a try that ran out of time repeated, and to Envoy that
 * is a reset.
 */
export function retryFields({ retry, timeouts, backends }: Retried & Pick<Forward, 'timeouts'>): { retryPolicy?: RetryPolicy } {
  if (retry === undefined && isPicked(backends)) return { retryPolicy: downTheList };
  if (retry === undefined || retry.attempts <= 0) return {};
  const retryOn = [...unsent, 'unavailable'];
  if (timeouts.backendRequest !== undefined) retryOn.push('reset');
  if (retry.codes.length > 0) retryOn.push('retriable-status-codes');
  const retryPolicy = {
    retryOn: retryOn.join(','),
    numRetries: retry.attempts,
    retriableStatusCodes: [...retry.codes],
    ...(timeouts.backendRequest !== undefined && { perTryTimeout: durationFromMs(timeouts.backendRequest) }),
    // Envoy doubles the interval with full jitter up to ten times the base, which it does not let be nothing.
    ...(retry.backoff !== undefined && { retryBackOff: { baseInterval: durationFromMs(Math.max(1, retry.backoff)) } }),
    ...elsewhere,
  } satisfies RetryPolicy;
  return { retryPolicy };
}

/** Whether requests may be sent again. */
export function retries({ retry, backends }: Retried): boolean {
  return retry === undefined ? isPicked(backends) : retry.attempts > 0;
}

type RetryPolicy = MessageInitShape<typeof RetryPolicySchema>;
type Retried = Pick<Forward, 'retry' | 'backends'>;

/** The request has not got to the server. */
const unsent = ['connect-failure', 'refused-stream', 'reset-before-request'];

/** At a server that was not tried yet, if there is one. What a picker wants tried is tried first. */
const elsewhere = {
  retryHostPredicate: [
    {
      name: 'envoy.retry_host_predicates.previous_hosts',
      configType: { case: 'typedConfig', value: any(PreviousHostsPredicateSchema, {}) },
    },
  ],
  hostSelectionRetryMaxAttempts: hostSelectionAttempts,
} satisfies RetryPolicy;

/** Tries after the first, where somebody picks and the user says nothing. */
export const pickedRetries = 2;

/** "If retry is configured, the proxy will go sequentially down the list until one valid endpoint is found": it always is, for what cannot do harm. */
const downTheList: RetryPolicy = {
  retryOn: unsent.join(','),
  numRetries: pickedRetries,
  // They are different servers: there is nothing to wait for.
  retryBackOff: { baseInterval: durationFromMs(5), maxInterval: durationFromMs(20) },
  ...elsewhere,
};

/** Whether a picker chooses servers of one of some backends. */
export function isPicked(backends: Forward['backends']): boolean {
  return backends.some(({ picker }) => picker !== undefined);
}
