import { create } from '@bufbuild/protobuf';
import { AggregatedConfigSourceSchema, ApiVersion, ConfigSourceSchema } from '../../gen/envoy/config/core/v3/config_source_pb.ts';
import type { ConfigSource } from '../../gen/envoy/config/core/v3/config_source_pb.ts';

/** "Ask for it on the stream that brought this": everything comes over one ADS stream, so that its order can be kept. */
export function fromAds(): ConfigSource {
  return create(ConfigSourceSchema, {
    configSourceSpecifier: { case: 'ads', value: create(AggregatedConfigSourceSchema) },
    resourceApiVersion: ApiVersion.V3,
  });
}
