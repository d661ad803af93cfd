import { boolean, integer } from '../../../config/fields.ts';
import { pluginType } from '../../plugin-type.ts';
import { approxPrefixProducerType, tokenProducerType } from '../producer-names.ts';

export const approxPrefixCacheProducer = pluginType({
  type: approxPrefixProducerType,
  kinds: ['data-producer', 'prefix-match-producer'],
  about: 'Guesses what servers have cached from what they were sent. What was sent counts at once, and is forgotten when it was not used for longest.',
  parameters: {
    autoTune: boolean({ default: true, about: 'take block size and number of blocks from what servers say of themselves' }),
    blockSizeTokens: integer({ default: 16, min: 1, about: 'tokens of a block; at least 64 are taken' }),
    blockSize: integer({ min: 1, about: 'the former name of `blockSizeTokens`', deprecated: 'use blockSizeTokens' }),
    maxPrefixTokensToMatch: integer({ default: 131_072, min: 1, about: 'tokens of a prompt that are looked at' }),
    maxPrefixBlocksToMatch: integer({ default: 2048, min: 1, about: 'the same in blocks, of the two the smaller' }),
    lruCapacityPerServer: integer({ default: 31_250, min: 1, about: 'blocks that are remembered of a server that does not say how many it has' }),
  },
  needs: () => [tokenProducerType],
  create: ({ autoTune, lruCapacityPerServer }, { name, prefixIndex }) => {
    const index = prefixIndex({ name, autoTune, blocksPerServer: lruCapacityPerServer });
    return {
      produce({ request, prefixes }, candidates) {
        if (request.prompt !== undefined && request.prompt.blocks > 0) prefixes.set(name, index.match(request.prompt, candidates));
      },
      picked({ request }, { endpoints: [first] }, stage) {
        // Who encodes pictures does not read the prompt.
        if (stage !== 'encode' && first !== undefined && request.prompt !== undefined && request.prompt.blocks > 0) index.add(request.prompt, first);
      },
      removed: ({ slot }) => index.removeEndpoint(slot),
    };
  },
});
