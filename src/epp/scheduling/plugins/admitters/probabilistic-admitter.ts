import { number } from '../../../config/fields.ts';
import { estimatedKvUsage, estimatedWaiting } from '../../../endpoints/load.ts';
import { pluginType } from '../../plugin-type.ts';

export const probabilisticAdmitter = pluginType({
  type: 'probabilistic-admitter',
  kinds: ['admitter'],
  about: 'Turns away requests of a priority below 0 by chance, the more the fuller the pool is: min(1, saturation^power × k).',
  parameters: {
    queueDepthThreshold: number({ default: 5, above: 0, about: 'waiting requests of a full server' }),
    kvCacheUtilThreshold: number({ default: 0.8, above: 0, max: 1, about: 'used share of the KV cache of a full server' }),
    power: number({ default: 5, above: 0, about: 'how late it begins' }),
    k: number({ default: 300, above: 0, about: 'how steep it is' }),
  },
  create: ({ queueDepthThreshold, kvCacheUtilThreshold, power, k }, { random }) => ({
    admits({ request }, candidates) {
      if (request.priority >= 0 || candidates.length === 0) return true;
      let sum = 0;
      for (const candidate of candidates) sum += Math.max(estimatedWaiting(candidate) / queueDepthThreshold, estimatedKvUsage(candidate) / kvCacheUtilThreshold);
      return random() >= (sum / candidates.length) ** power * k;
    },
  }),
});
