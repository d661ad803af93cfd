import type { Endpoint } from '../../../endpoints/endpoint.ts';
import { estimatedKvUsage } from '../../../endpoints/load.ts';
import { pluginType } from '../../plugin-type.ts';

export const kvCacheUtilizationScorer = pluginType({
  type: 'kv-cache-utilization-scorer',
  kinds: ['scorer'],
  about: 'Free KV cache is good: 1 − used share. Prompts sent since the last scrape count, too, when the server says how many blocks it has.',
  parameters: {},
  create: () => ({
    score(_, candidates, scores) {
      for (let i = 0; i < candidates.length; i++) scores[i] = 1 - estimatedKvUsage(candidates[i] as Endpoint);
    },
  }),
});
