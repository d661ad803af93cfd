import { boolean, integer, number } from '../../../config/fields.ts';
import { pluginType } from '../../plugin-type.ts';
import { inFlightLoadProducerType, prefixMatchInfoProducerName, tokenProducerType } from '../producer-names.ts';

/** What it counts is always counted (`Account`); this plugin says how. */
export const inFlightLoadProducer = pluginType({
  type: inFlightLoadProducerType,
  kinds: ['data-producer', 'in-flight-load-producer'],
  about: 'Counts requests on their way to each server, and the tokens of their prompts that are not cached there, until the first byte of the answer. There is one such account, so at most one of these.',
  parameters: {
    addEstimatedOutputTokens: boolean({ default: false, about: 'count what the answer is estimated to have, too, and all tokens until the end' }),
    outputRatio: number({ default: 1.5, min: 0, about: 'tokens of an answer for one of the prompt; what the client allows is the most' }),
    maxEstimatedOutputTokens: integer({ min: 0, about: 'the most that is estimated of one answer' }),
    prefixMatchInfoProducerName,
    syncCrossReplicaState: boolean({ default: true, about: 'share the account with other replicas of the endpoint picker' }),
  },
  needs: () => [tokenProducerType],
  create: () => ({ produce() {} }),
});
