import type { MessageInitShape } from '@bufbuild/protobuf';
import { RouteSchema, VirtualHostSchema } from '../../gen/envoy/config/route/v3/route_components_pb.ts';
import { encode } from './bytes.ts';

/** Encodes a virtual host in which every request gets one answer. */
export function catchAllHost(name: string, domains: readonly string[], status: number): Uint8Array {
  return encode(VirtualHostSchema, { name, domains: [...domains], routes: [answer(name, status)] });
}

/**
 * Encodes the route for requests that fit no other, for tables behind request filters: Envoy's ext_authz filter lets a request
 * without a route pass unseen, since it takes it to be answered with 404 anyway, though it is this filter that may find it one.
 */
export function noRoute(): Uint8Array {
  return encode(RouteSchema, answer(noRouteName, 404));
}

/** Encodes the virtual host for requests whose host has none, for the same reason. */
export function noHost(): Uint8Array {
  return catchAllHost(noRouteName, ['*'], 404);
}

const noRouteName = 'no-route';

function answer(name: string, status: number): MessageInitShape<typeof RouteSchema> {
  return { name, match: { pathSpecifier: { case: 'prefix', value: '/' } }, action: { case: 'directResponse', value: { status } } };
}
