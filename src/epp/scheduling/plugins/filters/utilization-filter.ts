import { boolean, choice, list, number, object } from '../../../config/fields.ts';
import type { Endpoint } from '../../../endpoints/endpoint.ts';
import { estimatedKvUsage, estimatedRunning, estimatedWaiting } from '../../../endpoints/load.ts';
import { keep } from '../../keep.ts';
import { pluginType } from '../../plugin-type.ts';
import { inFlightLoadProducerName } from '../producer-names.ts';

const measures = {
  'active-requests': (endpoint: Endpoint) => endpoint.inFlight,
  'running-requests': estimatedRunning,
  'waiting-queue': estimatedWaiting,
  'kv-cache-utilization': estimatedKvUsage,
} as const;

const names = ['active-requests', 'running-requests', 'waiting-queue', 'kv-cache-utilization'] as const;

export const utilizationFilter = pluginType({
  type: 'utilization-filter',
  kinds: ['filter'],
  alpha: true,
  about: 'Keeps servers that meet all conditions.',
  parameters: {
    conditions: list(
      object({ metric: choice(names, { required: true, about: 'what is measured' }), maxValue: number({ required: true, min: 0, about: 'the most that passes; KV cache as a share' }) }, { about: 'one condition' }),
      { about: 'at least one' },
    ),
    fallbackOnEmpty: boolean({ default: false, about: 'keep all when nobody meets them' }),
    inFlightLoadProducerName,
  },
  check: ({ conditions }, place) => {
    if (conditions.length === 0) place.at('conditions').error('must not be empty');
    conditions.forEach(({ metric, maxValue }, i) => {
      if (metric === 'kv-cache-utilization' && maxValue > 1) place.at('conditions').at(i).at('maxValue').error(`is a share and must be at most 1, not ${maxValue}`);
    });
  },
  needs: (p) => (p.conditions.some(({ metric }) => metric === 'active-requests') ? [p.inFlightLoadProducerName] : []),
  create: ({ conditions, fallbackOnEmpty }) => ({
    filter(_, candidates) {
      const kept = keep(candidates, (candidate) => conditions.every(({ metric, maxValue }) => measures[metric](candidate) <= maxValue));
      return kept.length === 0 && fallbackOnEmpty ? candidates : kept;
    },
  }),
});
