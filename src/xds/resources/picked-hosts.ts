import type { MessageInitShape } from '@bufbuild/protobuf';
import type { LoadBalancingPolicySchema } from '../../gen/envoy/config/cluster/v3/cluster_pb.ts';
import { LeastRequestSchema } from '../../gen/envoy/extensions/load_balancing_policies/least_request/v3/least_request_pb.ts';
import { OverrideHostSchema } from '../../gen/envoy/extensions/load_balancing_policies/override_host/v3/override_host_pb.ts';
import { Subset_LbSubsetFallbackPolicy, SubsetSchema } from '../../gen/envoy/extensions/load_balancing_policies/subset/v3/subset_pb.ts';
import type { MetadataKeySchema } from '../../gen/envoy/type/metadata/v3/metadata_pb.ts';
import type { EndpointPicker } from '../../ir/endpoint-picker.ts';
import { any } from './bytes.ts';

type LoadBalancingPolicy = MessageInitShape<typeof LoadBalancingPolicySchema>;

/** Namespace of the dynamic metadata in which picker and proxy tell each other of endpoints. */
export const endpointMetadata = 'envoy.lb';

/** Where a picker puts its pick: `ip:port`, or several with commas between, the best first. */
const pickedKey = 'x-gateway-destination-endpoint';

/** Where the picker finds who it was that answered. */
const servedKey = 'x-gateway-destination-endpoint-served';

/** Fewest requests first. */
export function leastRequest(): LoadBalancingPolicy {
  return policy('least_request', any(LeastRequestSchema, {}));
}

/**
 * The server that was picked, and for each retry the next in the picker's list. The protocol has the pick in a header, too, of equal value. That one
 * is not looked at: a client may have sent it.
 */
export function pickedHosts(failureMode: EndpointPicker['failureMode']): LoadBalancingPolicy {
  return policy('override_host', any(OverrideHostSchema, {
    overrideHostSources: [{ metadata: metadataKey(pickedKey) }],
    selectedHostKey: metadataKey(servedKey),
    fallbackPolicy: failureMode === 'open' ? leastRequest() : nobody(),
  }));
}

/** No server is in a subset that none has a label for. */
function nobody(): LoadBalancingPolicy {
  return policy('subset', any(SubsetSchema, {
    fallbackPolicy: Subset_LbSubsetFallbackPolicy.NO_FALLBACK,
    subsetSelectors: [{ keys: ['none'] }],
    subsetLbPolicy: leastRequest(),
  }));
}

function policy(name: string, typedConfig: ReturnType<typeof any>): LoadBalancingPolicy {
  return { policies: [{ typedExtensionConfig: { name: `envoy.load_balancing_policies.${name}`, typedConfig } }] };
}

function metadataKey(key: string): MessageInitShape<typeof MetadataKeySchema> {
  return { key: endpointMetadata, path: [{ segment: { case: 'key', value: key } }] };
}
