import { choice, string } from '../../../config/fields.ts';
import { keep } from '../../keep.ts';
import { pluginType } from '../../plugin-type.ts';
import { commonLevel, hasTopology, levels } from '../topology.ts';

export const topologyAffinityFilter = pluginType({
  type: 'topology-affinity-filter',
  kinds: ['filter'],
  alpha: true,
  about: 'With disaggregation: keeps servers at least as near to the one of the other stage as `minAffinity`; all when nobody is, or there is no other stage.',
  parameters: {
    minAffinity: choice(levels, { default: 'host', about: 'how near' }),
    topologyProducerName: string({ about: 'accepted for compatibility: labels are read' }),
  },
  create: ({ minAffinity }) => {
    const farthest = levels.indexOf(minAffinity);
    return {
      filter({ peer }, candidates) {
        if (peer === undefined || !hasTopology(peer)) return candidates;
        const near = keep(candidates, (candidate) => commonLevel(peer, candidate) <= farthest);
        return near.length === 0 ? candidates : near;
      },
    };
  },
});
