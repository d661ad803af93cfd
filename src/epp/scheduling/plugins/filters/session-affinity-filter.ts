import { pluginType } from '../../plugin-type.ts';
import { checkSession, sessionAffinity, sessionParameters, sessionProducers } from '../session.ts';

export const sessionAffinityFilter = pluginType({
  type: 'session-affinity-filter',
  kinds: ['filter'],
  alpha: true,
  about: 'Keeps only the server that the session has been with; all when there is none.',
  parameters: sessionParameters,
  check: checkSession,
  needs: sessionProducers,
  create: (values) => {
    const affinity = sessionAffinity(values);
    return {
      ...affinity.observer,
      filter(decision, candidates) {
        const server = affinity.boundTo(decision);
        const found = server === undefined ? undefined : candidates.find(({ name }) => name === server);
        return found === undefined ? candidates : [found];
      },
    };
  },
});
