import { string } from '../../../config/fields.ts';
import type { Endpoint } from '../../../endpoints/endpoint.ts';
import { pluginType } from '../../plugin-type.ts';
import { commonLevel } from '../topology.ts';

/** By how near the servers are, the nearest first; the last is for those that have nothing in common. */
const scoreOf = [1, 0.2, 0.05, 0.02, 0];

export const topologyAffinityScorer = pluginType({
  type: 'topology-affinity-scorer',
  kinds: ['scorer'],
  alpha: true,
  about: 'With disaggregation: servers near the one of the other stage. Same host 1, rack 0.2, zone 0.05, region 0.02, by the labels `kubernetes.io/hostname` and `topology.kubernetes.io/*` of Pods. 0 for all when there is no other stage.',
  parameters: { topologyProducerName: string({ about: 'accepted for compatibility: labels are read' }) },
  create: () => ({
    score({ peer }, candidates, scores) {
      for (let i = 0; i < candidates.length; i++) scores[i] = peer === undefined ? 0 : (scoreOf[commonLevel(peer, candidates[i] as Endpoint)] ?? 0);
    },
  }),
});
