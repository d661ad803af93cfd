import { integer } from '../../../config/fields.ts';
import type { Endpoint } from '../../../endpoints/endpoint.ts';
import { pluginType } from '../../plugin-type.ts';
import { inFlightLoadProducerName } from '../producer-names.ts';

export const tokenLoadScorer = pluginType({
  type: 'token-load-scorer',
  kinds: ['scorer'],
  about: 'By tokens of prompts that a server has yet to read: 1 − min(1, tokens / threshold). Exact at any moment.',
  parameters: {
    queueThresholdTokens: integer({ default: 4_194_304, min: 1, about: 'tokens at which the score is 0' }),
    inFlightLoadProducerName,
  },
  needs: (p) => [p.inFlightLoadProducerName],
  create: ({ queueThresholdTokens }) => ({
    score(_, candidates, scores) {
      for (let i = 0; i < candidates.length; i++) scores[i] = 1 - Math.min(1, (candidates[i] as Endpoint).inFlightTokens / queueThresholdTokens);
    },
  }),
});
