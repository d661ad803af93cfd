import { integer } from '../../../config/fields.ts';
import { pluginType } from '../../plugin-type.ts';
import { prefixMatchInfoProducerName, tokenProducerType } from '../producer-names.ts';

export const prefixBasedPdDecider = pluginType({
  type: 'prefix-based-pd-decider',
  kinds: ['decider'],
  about: 'Has prompts read elsewhere when the server that answers would have to read much of them itself.',
  parameters: {
    nonCachedTokens: integer({ default: 0, min: 0, about: 'tokens that are much; 0: never' }),
    promptTokens: integer({ default: 0, min: 0, about: 'shorter prompts are never read elsewhere' }),
    prefixMatchInfoProducerName,
  },
  needs: (p) => [p.prefixMatchInfoProducerName, tokenProducerType],
  create: ({ nonCachedTokens, promptTokens, prefixMatchInfoProducerName: producer }) => ({
    disaggregate({ request, prefixes }, endpoint) {
      const match = prefixes.get(producer);
      if (nonCachedTokens === 0 || endpoint === undefined || match === undefined || request.promptTokens < promptTokens) return false;
      return request.promptTokens - match.matchedBlocks(endpoint) * match.blockTokens >= nonCachedTokens;
    },
  }),
});
