import { integer, number } from '../../../config/fields.ts';
import type { Endpoint } from '../../../endpoints/endpoint.ts';
import { hitWorth, leastRequests } from '../../../endpoints/load.ts';
import { pluginType } from '../../plugin-type.ts';
import { prefixMatchInfoProducerName, tokenProducerType } from '../producer-names.ts';

export const prefixCacheScorer = pluginType({
  type: 'prefix-cache-scorer',
  kinds: ['scorer'],
  about: 'The share of the prompt that a server is thought to have cached, or with `matchLengthWeight` how long that is: weight × min(1, tokens / scale)² + (1 − weight) × blocks / all blocks. A hit is worth less on a server that has been sent more than others since the last scrape.',
  parameters: {
    prefixMatchInfoProducerName,
    matchLengthWeight: number({ default: 0, min: 0, max: 1, about: 'how much the length of the match counts, beside its share of the prompt' }),
    matchLengthScaleTokens: integer({ default: 8192, min: 1, about: 'a match of this length is as good as can be' }),
  },
  needs: (p) => [p.prefixMatchInfoProducerName, tokenProducerType],
  create: ({ prefixMatchInfoProducerName: producer, matchLengthWeight: weight, matchLengthScaleTokens: scale }) => ({
    score({ prefixes }, candidates, scores) {
      const match = prefixes.get(producer);
      if (match === undefined || match.totalBlocks <= 0) {
        scores.fill(0, 0, candidates.length);
        return;
      }
      let least = -1;
      for (let i = 0; i < candidates.length; i++) {
        const candidate = candidates[i] as Endpoint;
        const blocks = match.matchedBlocks(candidate);
        if (blocks <= 0) {
          scores[i] = 0;
          continue;
        }
        if (least < 0) least = leastRequests(candidates);
        const length = Math.min(1, (blocks * match.blockTokens) / scale);
        scores[i] = (weight * length * length + (1 - weight) * (blocks / match.totalBlocks)) * hitWorth(candidate, least);
      }
    },
  }),
});
