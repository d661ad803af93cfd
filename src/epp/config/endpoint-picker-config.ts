import type { PluginType } from '../scheduling/plugin-type.ts';
import type { Fields, Values } from './fields.ts';

/** A configuration that can be carried out: every reference leads somewhere, every default is filled in. */
export interface EndpointPickerConfig {
  readonly featureGates: FeatureGates;
  /** In an order in which each can be made: after those that its parameters name. */
  readonly plugins: readonly ConfiguredPlugin[];
  readonly profiles: readonly ConfiguredProfile[];
  /** Names of plugins. */
  readonly profileHandler: string;
  readonly saturationDetector: string;
  readonly parsers: readonly string[];
  readonly dataLayer: DataLayerConfig;
  readonly flowControl: FlowControlConfig;
}

export interface FeatureGates {
  readonly flowControl: boolean;
  readonly haPopulateNonLeaderDatastore: boolean;
}

export interface ConfiguredPlugin {
  readonly name: string;
  readonly type: PluginType;
  readonly values: Values<Fields>;
  /** Nobody has asked for it: others need it. */
  readonly automatic: boolean;
}

export interface ConfiguredProfile {
  readonly name: string;
  /** In order; one of them is a picker. */
  readonly plugins: readonly { readonly name: string; readonly weight: number }[];
}

export interface DataLayerConfig {
  readonly sources: readonly { readonly plugin: string; readonly extractors: readonly string[] }[];
  readonly discovery: string | undefined;
  readonly peerDiscovery: string | undefined;
  readonly crossReplicaSyncer: string | undefined;
  readonly crossReplicaSyncIntervalMs: number | undefined;
}

export interface FlowControlConfig {
  /** 0: no limit. */
  readonly maxBytes: number;
  readonly maxRequests: number;
  /** 0: no limit. */
  readonly defaultRequestTtlMs: number;
  readonly noEndpointRequestTtlMs: number;
  /** By priority, the highest first. */
  readonly bands: readonly PriorityBand[];
  /** For priorities that are not among `bands`. */
  readonly defaultBand: PriorityBandTemplate;
  readonly defaultNegativeBand: PriorityBandTemplate;
  readonly usageLimitPolicy: string;
  readonly enableEviction: boolean;
}

export interface PriorityBandTemplate {
  readonly maxBytes: number;
  readonly maxRequests: number;
  readonly fairnessPolicy: string;
  readonly orderingPolicy: string;
}

export interface PriorityBand extends PriorityBandTemplate {
  readonly priority: number;
}
