import type { Endpoint } from '../../../endpoints/endpoint.ts';
import { pluginType } from '../../plugin-type.ts';
import { checkSession, sessionAffinity, sessionParameters, sessionProducers } from '../session.ts';

export const sessionAffinityScorer = pluginType({
  type: 'session-affinity-scorer',
  kinds: ['scorer'],
  alpha: true,
  about: '1 for the server that the session has been with, 0 for others.',
  parameters: sessionParameters,
  check: checkSession,
  needs: sessionProducers,
  create: (values) => {
    const affinity = sessionAffinity(values);
    return {
      ...affinity.observer,
      score(decision, candidates, scores) {
        const server = affinity.boundTo(decision);
        for (let i = 0; i < candidates.length; i++) scores[i] = (candidates[i] as Endpoint).name === server ? 1 : 0;
      },
    };
  },
});
