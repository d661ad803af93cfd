/** Policies of flow control, which carries them out. */
import { choice, number } from '../../../config/fields.ts';
import { pluginType, type PluginKind } from '../../plugin-type.ts';

const plain = (type: string, kind: PluginKind, about: string) => pluginType({ type, kinds: [kind], about, parameters: {} });

export const defaultFairnessPolicy = 'global-strict-fairness-policy';
export const defaultOrderingPolicy = 'fcfs-ordering-policy';
export const defaultUsageLimitPolicy = 'static-usage-limit-policy';

export const flowControlTypes = [
  plain(defaultFairnessPolicy, 'fairness-policy', 'One order over all flows of a priority.'),
  plain('round-robin-fairness-policy', 'fairness-policy', 'Flows of a priority take turns.'),
  pluginType({
    type: 'program-aware-fairness',
    kinds: ['fairness-policy'],
    about: 'Of the flows of a priority, the one that was served least lately goes first.',
    parameters: {
      strategy: choice(['las'], { default: 'las', about: 'least attained service' }),
      lasWeightService: number({ default: 0.8, min: 0, about: 'how much service counts' }),
      lasWeightHeadWait: number({ default: 0.2, min: 0, about: 'how much the wait of the first request counts' }),
      lasHalfLifeSeconds: number({ default: 60, above: 0, about: 'time in which service is half forgotten' }),
      evictionTtlSeconds: number({ default: 3600, above: 0, about: 'silence after which a flow is forgotten' }),
      evictionSweepSeconds: number({ default: 300, above: 0, about: 'accepted; flows are forgotten as others come' }),
    },
  }),
  plain(defaultOrderingPolicy, 'ordering-policy', 'First come, first served.'),
  plain('edf-ordering-policy', 'ordering-policy', 'The request that expires first goes first.'),
  plain('slo-deadline-ordering-policy', 'ordering-policy', 'The request whose first token is due first goes first.'),
  pluginType({
    type: defaultUsageLimitPolicy,
    kinds: ['usage-limit-policy'],
    about: 'Requests of any priority are sent while the pool is less full than this.',
    parameters: { threshold: number({ default: 1, min: 0, about: 'saturation at which sending stops' }) },
  }),
  pluginType({
    type: 'priority-holdback-policy',
    kinds: ['usage-limit-policy'],
    alpha: true,
    about: 'The lower a priority, the earlier its requests have to wait.',
    parameters: {
      shape: choice(['linear'], { default: 'linear', about: 'between the ceilings' }),
      domain: choice(['rank', 'value'], { default: 'rank', about: 'by place among the priorities, or by their numbers' }),
      minCeiling: number({ required: true, min: 0, max: 1, about: 'of the lowest priority, below 1' }),
      maxCeiling: number({ default: 1, min: 0, about: 'of the highest priority' }),
    },
    check: ({ minCeiling, maxCeiling }, place) => {
      if (minCeiling >= 1) place.at('minCeiling').error(`must be less than 1, not ${minCeiling}`);
      if (minCeiling > maxCeiling) place.at('minCeiling').error(`must not be more than maxCeiling (${maxCeiling})`);
    },
  }),
  pluginType({ type: 'soft-reflective-ceiling-policy', kinds: ['usage-limit-policy'], alpha: true, about: 'The same, the more so the fuller the pool is.', parameters: {} }),
  plain('sheddable-eviction-filter', 'eviction-filter', 'Only requests of a priority below 0 are evicted.'),
  plain('priority-then-time-eviction-order-policy', 'eviction-order-policy', 'The lowest priority is evicted first, of these the latest.'),
  pluginType({ type: 'probabilistic-admitter', kinds: ['admitter'], about: 'Turns away requests of a priority below 0 by chance, the more the fuller the pool is: min(1, saturation^power × k).', parameters: {
    queueDepthThreshold: number({ default: 5, above: 0, about: 'waiting requests of a full server' }),
    kvCacheUtilThreshold: number({ default: 0.8, above: 0, max: 1, about: 'used share of the KV cache of a full server' }),
    power: number({ default: 5, above: 0, about: 'how late it begins' }),
    k: number({ default: 300, above: 0, about: 'how steep it is' }),
  } }),
  pluginType({ type: 'latency-slo-admitter', kinds: ['admitter'], about: 'Turns away requests of a priority below 0 that no server is predicted to answer in time.', parameters: {} }),
];
