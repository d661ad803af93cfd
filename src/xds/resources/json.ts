import { fromBinary, toJson, type DescMessage, type JsonValue } from '@bufbuild/protobuf';
import { ClusterSchema } from '../../gen/envoy/config/cluster/v3/cluster_pb.ts';
import { ClusterLoadAssignmentSchema } from '../../gen/envoy/config/endpoint/v3/endpoint_pb.ts';
import { TypedExtensionConfigSchema } from '../../gen/envoy/config/core/v3/extension_pb.ts';
import { ListenerSchema } from '../../gen/envoy/config/listener/v3/listener_pb.ts';
import { RouteConfigurationSchema } from '../../gen/envoy/config/route/v3/route_pb.ts';
import { ScopedRouteConfigurationSchema } from '../../gen/envoy/config/route/v3/scoped_route_pb.ts';
import { SecretSchema } from '../../gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts';
import { registry } from '../../gen/envoy/registry.ts';

const schemas: Readonly<Record<string, DescMessage>> = {
  CDS: ClusterSchema,
  ECDS: TypedExtensionConfigSchema,
  EDS: ClusterLoadAssignmentSchema,
  LDS: ListenerSchema,
  RDS: RouteConfigurationSchema,
  SRDS: ScopedRouteConfigurationSchema,
  SDS: SecretSchema,
};

/** What stands for the content of a private key or another secret. */
const redacted = '[redacted]';

/** An encoded resource as the JSON that Envoy's documentation speaks of, for people to read. Secrets are left out of it. */
export function resourceJson(type: string, bytes: Uint8Array): JsonValue {
  const schema = schemas[type];
  if (schema === undefined) throw new Error(`unknown resource type ${type}`);
  const json = toJson(schema, fromBinary(schema, bytes), { registry, useProtoFieldName: true });
  return type === 'SDS' ? withoutSecrets(json) : json;
}

function withoutSecrets(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, /^inline_(bytes|string)$/.test(key) ? redacted : withoutSecrets(member)]),
  );
}
