import type { MessageInitShape } from '@bufbuild/protobuf';
import type { AddressSchema } from '../../gen/envoy/config/core/v3/address_pb.ts';
import { HealthStatus } from '../../gen/envoy/config/core/v3/health_check_pb.ts';
import type { LbEndpointSchema } from '../../gen/envoy/config/endpoint/v3/endpoint_components_pb.ts';
import { ClusterLoadAssignmentSchema } from '../../gen/envoy/config/endpoint/v3/endpoint_pb.ts';
import type { Endpoint, EndpointSet } from '../../ir/backend.ts';
import { assertNever } from '../../util/assert.ts';
import { byText } from '../../util/compare.ts';
import { encode } from './bytes.ts';
import { clusterName } from './cluster.ts';

/**
 * Encodes the servers of a cluster, grouped by zone. While any is ready, draining ones get no new requests; when only
 * draining ones are left, they are used, as kube-proxy does (KEP-1669).
 */
export function encodeEndpoints(set: EndpointSet): Uint8Array {
  const useDraining = set.endpoints.every((endpoint) => endpoint.draining);
  const zones = Map.groupBy(set.endpoints, (endpoint) => endpoint.zone);
  return encode(ClusterLoadAssignmentSchema, {
    clusterName: clusterName(set.backend),
    endpoints: [...zones]
      .sort(([a], [b]) => byText(a, b))
      .map(([zone, endpoints]) => ({
        ...(zone !== '' && { locality: { zone } }),
        lbEndpoints: endpoints.map((endpoint) => lbEndpoint(endpoint, useDraining)),
      })),
  });
}

function lbEndpoint(endpoint: Endpoint, useDraining: boolean): MessageInitShape<typeof LbEndpointSchema> {
  return {
    hostIdentifier: { case: 'endpoint', value: { address: address(endpoint.address), ...(endpoint.hostname !== undefined && { hostname: endpoint.hostname }) } },
    ...(endpoint.draining && !useDraining && { healthStatus: HealthStatus.DRAINING }),
  };
}

function address(value: Endpoint['address']): MessageInitShape<typeof AddressSchema> {
  switch (value.type) {
    case 'ip':
      return { address: { case: 'socketAddress', value: { address: value.ip, portSpecifier: { case: 'portValue', value: value.port } } } };
    case 'unix':
      return { address: { case: 'pipe', value: { path: value.path } } };
    default:
      return assertNever(value);
  }
}
