import { integer } from '../../../config/fields.ts';
import type { Endpoint } from '../../../endpoints/endpoint.ts';
import { estimatedWaiting } from '../../../endpoints/load.ts';
import { pluginType } from '../../plugin-type.ts';

export const loadAwareScorer = pluginType({
  type: 'load-aware-scorer',
  kinds: ['scorer'],
  about: '0.5 for a server without a queue, and less the longer it is: 0.5 × (1 − min(waiting, threshold) / threshold).',
  parameters: {
    threshold: integer({ default: 128, min: 1, about: 'waiting requests at which the score is 0' }),
  },
  create: ({ threshold }) => ({
    score(_, candidates, scores) {
      for (let i = 0; i < candidates.length; i++) scores[i] = 0.5 * (1 - Math.min(estimatedWaiting(candidates[i] as Endpoint), threshold) / threshold);
    },
  }),
});
