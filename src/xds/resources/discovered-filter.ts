import { create } from '@bufbuild/protobuf';
import { ExtensionConfigSourceSchema, type ExtensionConfigSource } from '../../gen/envoy/config/core/v3/config_source_pb.ts';
import { fromAds } from './config-source.ts';

/**
 * Says that a filter's configuration is a resource of its own, under the filter's name (ECDS): it may change without the listener
 * being changed, which would end its connections.
 */
export function discovered(messageType: string): ExtensionConfigSource {
  return create(ExtensionConfigSourceSchema, { configSource: fromAds(), typeUrls: [`type.googleapis.com/${messageType}`] });
}
