import type { MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import type { RetryPolicySchema } from '../../gen/envoy/config/route/v3/route_components_pb.ts';
import { PreviousHostsPredicateSchema } from '../../gen/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.ts';
import type { Retry, Timeouts } from '../../ir/route.ts';
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
export function retryFields(retry: Retry | undefined, timeouts: Timeouts): { retryPolicy?: MessageInitShape<typeof RetryPolicySchema> } {
  if (retry === undefined || retry.attempts <= 0) return {};
  const retryOn = ['connect-failure', 'refused-stream', 'reset-before-request', 'unavailable'];
  if (timeouts.backendRequest !== undefined) retryOn.push('reset');
  if (retry.codes.length > 0) retryOn.push('retriable-status-codes');
  const retryPolicy = {
    retryOn: retryOn.join(','),
    numRetries: retry.attempts,
    retriableStatusCodes: [...retry.codes],
    ...(timeouts.backendRequest !== undefined && { perTryTimeout: durationFromMs(timeouts.backendRequest) }),
    // Envoy doubles the interval with full jitter up to ten times the base, which it does not let be nothing.
    ...(retry.backoff !== undefined && { retryBackOff: { baseInterval: durationFromMs(Math.max(1, retry.backoff)) } }),
    retryHostPredicate: [
      {
        name: 'envoy.retry_host_predicates.previous_hosts',
        configType: { case: 'typedConfig' as const, value: any(PreviousHostsPredicateSchema, {}) },
      },
    ],
    hostSelectionRetryMaxAttempts: hostSelectionAttempts,
  } satisfies MessageInitShape<typeof RetryPolicySchema>;
  return { retryPolicy };
}
