import type { PluginType } from '../plugin-type.ts';
import { latencySloAdmitter } from './admitters/latency-slo-admitter.ts';
import { probabilisticAdmitter } from './admitters/probabilistic-admitter.ts';
import { dataLayerTypes } from './declared/data-layer.ts';
import { parsers } from './declared/parsers.ts';
import { declaredProducers } from './declared/producers.ts';
import { responsePlugins } from './declared/response-plugins.ts';
import { alwaysDisaggMultimodalDecider, alwaysDisaggPdDecider } from './deciders/always-deciders.ts';
import { prefixBasedPdDecider } from './deciders/prefix-based-pd-decider.ts';
import { concurrencyDetector } from './detectors/concurrency-detector.ts';
import { utilizationDetector } from './detectors/utilization-detector.ts';
import { priorityThenTimeEvictionOrderPolicy } from './eviction/priority-then-time-eviction-order-policy.ts';
import { sheddableEvictionFilter } from './eviction/sheddable-eviction-filter.ts';
import { globalStrictFairnessPolicy } from './fairness/global-strict-fairness-policy.ts';
import { programAwareFairness } from './fairness/program-aware-fairness.ts';
import { roundRobinFairnessPolicy } from './fairness/round-robin-fairness-policy.ts';
import { byLabel } from './filters/by-label.ts';
import { endpointAttributeFilter } from './filters/endpoint-attribute-filter.ts';
import { headerBasedTestingFilter } from './filters/header-based-testing-filter.ts';
import { byLabelSelector, labelSelectorFilter } from './filters/label-selector-filter.ts';
import { prefixCacheAffinityFilter } from './filters/prefix-cache-affinity-filter.ts';
import { decodeFilter, encodeFilter, prefillFilter } from './filters/role-filters.ts';
import { sessionAffinityFilter } from './filters/session-affinity-filter.ts';
import { sloHeadroomTierFilter } from './filters/slo-headroom-tier-filter.ts';
import { topologyAffinityFilter } from './filters/topology-affinity-filter.ts';
import { utilizationFilter } from './filters/utilization-filter.ts';
import { dataParallelProfileHandler } from './handlers/data-parallel-profile-handler.ts';
import { disaggProfileHandler } from './handlers/disagg-profile-handler.ts';
import { headerProfileHandler } from './handlers/header-profile-handler.ts';
import { singleProfileHandler } from './handlers/single-profile-handler.ts';
import { edfOrderingPolicy } from './ordering/edf-ordering-policy.ts';
import { fcfsOrderingPolicy } from './ordering/fcfs-ordering-policy.ts';
import { sloDeadlineOrderingPolicy } from './ordering/slo-deadline-ordering-policy.ts';
import { maxScorePicker } from './pickers/max-score-picker.ts';
import { randomPicker } from './pickers/random-picker.ts';
import { weightedRandomPicker } from './pickers/weighted-random-picker.ts';
import { approxPrefixCacheProducer } from './producers/approx-prefix-cache-producer.ts';
import { inFlightLoadProducer } from './producers/inflight-load-producer.ts';
import { sessionIdProducer } from './producers/session-id-producer.ts';
import { tokenProducer } from './producers/token-producer.ts';
import { activeRequestScorer } from './scorers/active-request-scorer.ts';
import { contextLengthAware } from './scorers/context-length-aware.ts';
import { endpointAttributeScorer } from './scorers/endpoint-attribute-scorer.ts';
import { headerLabelAffinityScorer } from './scorers/header-label-affinity-scorer.ts';
import { kvCacheUtilizationScorer } from './scorers/kv-cache-utilization-scorer.ts';
import { latencyScorer } from './scorers/latency-scorer.ts';
import { loadAwareScorer } from './scorers/load-aware-scorer.ts';
import { loraAffinityScorer } from './scorers/lora-affinity-scorer.ts';
import { noHitLruScorer } from './scorers/no-hit-lru-scorer.ts';
import { prefixCacheScorer } from './scorers/prefix-cache-scorer.ts';
import { queueScorer } from './scorers/queue-scorer.ts';
import { runningRequestsSizeScorer } from './scorers/running-requests-size-scorer.ts';
import { sessionAffinityScorer } from './scorers/session-affinity-scorer.ts';
import { tokenLoadScorer } from './scorers/token-load-scorer.ts';
import { topologyAffinityScorer } from './scorers/topology-affinity-scorer.ts';
import { priorityHoldbackPolicy } from './usage-limits/priority-holdback-policy.ts';
import { softReflectiveCeilingPolicy } from './usage-limits/soft-reflective-ceiling-policy.ts';
import { staticUsageLimitPolicy } from './usage-limits/static-usage-limit-policy.ts';

/** All types of plugins, in the order of the documentation. */
export const pluginTypes: readonly PluginType[] = [
  queueScorer,
  runningRequestsSizeScorer,
  kvCacheUtilizationScorer,
  prefixCacheScorer,
  noHitLruScorer,
  loraAffinityScorer,
  loadAwareScorer,
  activeRequestScorer,
  tokenLoadScorer,
  contextLengthAware,
  latencyScorer,
  sessionAffinityScorer,
  endpointAttributeScorer,
  headerLabelAffinityScorer,
  topologyAffinityScorer,
  labelSelectorFilter,
  byLabel,
  byLabelSelector,
  decodeFilter,
  prefillFilter,
  encodeFilter,
  prefixCacheAffinityFilter,
  sloHeadroomTierFilter,
  utilizationFilter,
  sessionAffinityFilter,
  endpointAttributeFilter,
  topologyAffinityFilter,
  headerBasedTestingFilter,
  maxScorePicker,
  randomPicker,
  weightedRandomPicker,
  singleProfileHandler,
  disaggProfileHandler,
  headerProfileHandler,
  dataParallelProfileHandler,
  prefixBasedPdDecider,
  alwaysDisaggPdDecider,
  alwaysDisaggMultimodalDecider,
  approxPrefixCacheProducer,
  inFlightLoadProducer,
  tokenProducer,
  sessionIdProducer,
  ...declaredProducers,
  utilizationDetector,
  concurrencyDetector,
  globalStrictFairnessPolicy,
  roundRobinFairnessPolicy,
  programAwareFairness,
  fcfsOrderingPolicy,
  edfOrderingPolicy,
  sloDeadlineOrderingPolicy,
  staticUsageLimitPolicy,
  priorityHoldbackPolicy,
  softReflectiveCeilingPolicy,
  sheddableEvictionFilter,
  priorityThenTimeEvictionOrderPolicy,
  probabilisticAdmitter,
  latencySloAdmitter,
  ...parsers,
  ...dataLayerTypes,
  ...responsePlugins,
];

/** A type by its name. */
export const pluginTypeOf: ReadonlyMap<string, PluginType> = new Map(pluginTypes.map((type) => [type.type, type]));
