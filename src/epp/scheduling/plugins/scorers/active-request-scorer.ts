import { integer, number, string } from '../../../config/fields.ts';
import type { Endpoint } from '../../../endpoints/endpoint.ts';
import { pluginType } from '../../plugin-type.ts';
import { inFlightLoadProducerName } from '../producer-names.ts';

export const activeRequestScorer = pluginType({
  type: 'active-request-scorer',
  kinds: ['scorer'],
  about: 'By requests that we have on their way to a server: 1 up to `idleThreshold`, else (max − count) / max × `maxBusyScore`. Exact at any moment.',
  parameters: {
    idleThreshold: integer({ default: 0, min: 0, about: 'requests with which a server still counts as idle' }),
    maxBusyScore: number({ default: 1, min: 0, max: 1, about: 'the best score of a server that is not idle; 0 tells only idle from busy' }),
    inFlightLoadProducerName,
    requestTimeout: string({ about: 'ignored', deprecated: 'requests are followed to their end, whenever that is' }),
  },
  needs: (p) => [p.inFlightLoadProducerName],
  create: ({ idleThreshold, maxBusyScore }) => ({
    score(_, candidates, scores) {
      let most = 0;
      for (let i = 0; i < candidates.length; i++) most = Math.max(most, (candidates[i] as Endpoint).inFlight);
      for (let i = 0; i < candidates.length; i++) {
        const { inFlight } = candidates[i] as Endpoint;
        scores[i] = inFlight <= idleThreshold ? 1 : ((most - inFlight) / most) * maxBusyScore;
      }
    },
  }),
});
