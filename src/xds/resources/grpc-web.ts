import { create } from '@bufbuild/protobuf';
import { AnySchema, type Any } from '@bufbuild/protobuf/wkt';
import { FilterConfigSchema } from '../../gen/envoy/config/route/v3/route_components_pb.ts';
import { GrpcWebSchema } from '../../gen/envoy/extensions/filters/http/grpc_web/v3/grpc_web_pb.ts';
import { any } from './bytes.ts';

export const grpcWebFilter = 'envoy.filters.http.grpc_web';

/** Makes gRPC of gRPC-Web, which browsers speak, and leaves gRPC as it is. */
export function grpcWeb(): Any {
  return any(GrpcWebSchema, {});
}

/** A route's setting that turns the filter on. The filter has none of its own, and Envoy wants one to be there. */
export function grpcWebOnRoute(): Any {
  return any(FilterConfigSchema, { config: create(AnySchema) });
}
