import type { Any } from '@bufbuild/protobuf/wkt';
import { GrpcWebSchema } from '../../gen/envoy/extensions/filters/http/grpc_web/v3/grpc_web_pb.ts';
import { any } from './bytes.ts';
import { filtersOfRoute } from './filters-of-route.ts';

export const grpcWebFilter = 'envoy.filters.http.grpc_web';

/** Makes gRPC of gRPC-Web, which browsers speak, and leaves gRPC as it is. */
export function grpcWebPolicy(): Any {
  return filtersOfRoute([{ name: grpcWebFilter, typedConfig: any(GrpcWebSchema, {}) }]);
}
