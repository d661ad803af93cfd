import type { MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import type { TypedExtensionConfigSchema } from '../../gen/envoy/config/core/v3/extension_pb.ts';
import { OpenTelemetryConfigSchema } from '../../gen/envoy/config/trace/v3/opentelemetry_pb.ts';
import type { HttpConnectionManager_TracingSchema } from '../../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { ParentBasedSamplerConfigSchema } from '../../gen/envoy/extensions/tracers/opentelemetry/samplers/v3/parent_based_sampler_pb.ts';
import { TraceIdRatioBasedSamplerConfigSchema } from '../../gen/envoy/extensions/tracers/opentelemetry/samplers/v3/trace_id_ratio_based_sampler_pb.ts';
import { FractionalPercent_DenominatorType } from '../../gen/envoy/type/v3/percent_pb.ts';
import type { Tracing } from '../../ir/tracing.ts';
import { any } from './bytes.ts';
import { clusterName } from './cluster.ts';
import { escapeFormat } from './header-changes.ts';
import { spanAttribute } from './span-attributes.ts';

type OpenTelemetryConfig = MessageInitShape<typeof OpenTelemetryConfigSchema>;
type Extension = MessageInitShape<typeof TypedExtensionConfigSchema>;

/** Milliseconds that a collector may take to receive spans. */
const exportLimit = 10_000;

/** Envoy's own choice, the name of the cluster, has slashes, which servers refuse. */
const authority = 'collector';

/**
 * Spans of the requests of a filter chain, behind a port of clients: one for what the client asked, and one below it for each try to have it answered, as Envoy
 * wants it where it is a hop of its own.
 */
export function tracing(spec: Tracing, port: number): MessageInitShape<typeof HttpConnectionManager_TracingSchema> {
  const { attributes, serviceName, spanName } = spec;
  const config = any(OpenTelemetryConfigSchema, { ...exporter(spec), serviceName, sampler: sampler(spec) });
  return {
    provider: { name: 'envoy.tracers.opentelemetry', configType: { case: 'typedConfig', value: config } },
    spawnUpstreamSpan: true,
    ...(spanName !== undefined && { operation: escapeFormat(spanName) }),
    customTags: attributes.map((attribute) => spanAttribute(attribute, port)),
  };
}

/** The path is that of the OTLP specification. Envoy takes HTTP headers for formats, and gRPC's for what they are. */
function exporter({ backend, headers, protocol }: Tracing): Pick<OpenTelemetryConfig, 'grpcService' | 'httpService'> {
  const timeout = durationFromMs(exportLimit);
  const cluster = clusterName(backend);
  if (protocol === 'grpc') {
    const initialMetadata = headers.map(({ name, value }) => ({ key: name.toLowerCase(), value }));
    return { grpcService: { targetSpecifier: { case: 'envoyGrpc', value: { clusterName: cluster, authority, skipEnvoyHeaders: true } }, timeout, initialMetadata } };
  }
  return {
    httpService: {
      httpUri: { uri: `http://${authority}/v1/traces`, httpUpstreamType: { case: 'cluster', value: cluster }, timeout },
      requestHeadersToAdd: headers.map(({ name, value }) => ({ header: { key: name, value: escapeFormat(value) } })),
    },
  };
}

/** Without a sampler Envoy would let clients have their requests reported (`x-client-trace-id`), whatever the share. */
function sampler({ followsParent, sampling }: Tracing): Extension {
  const ratio: Extension = {
    name: 'envoy.tracers.opentelemetry.samplers.trace_id_ratio_based',
    typedConfig: any(TraceIdRatioBasedSamplerConfigSchema, { samplingPercentage: { numerator: sampling, denominator: FractionalPercent_DenominatorType.MILLION } }),
  };
  if (!followsParent) return ratio;
  return { name: 'envoy.tracers.opentelemetry.samplers.parent_based', typedConfig: any(ParentBasedSamplerConfigSchema, { wrappedSampler: ratio }) };
}
