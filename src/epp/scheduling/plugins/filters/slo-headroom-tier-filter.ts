import { number } from '../../../config/fields.ts';
import { keep } from '../../keep.ts';
import { pluginType } from '../../plugin-type.ts';
import { headrooms, latencyAttributes } from '../latency.ts';
import { latencyPredictionInfoProducerName } from '../producer-names.ts';

export const sloHeadroomTierFilter = pluginType({
  type: 'slo-headroom-tier-filter',
  kinds: ['filter'],
  about: 'Keeps the servers that are predicted to keep the limits of the request, or now and then the others, so that predictions of those do not go stale. All when nobody keeps them, or nothing is predicted.',
  parameters: {
    epsilonExploreNeg: number({ default: 0.01, min: 0, max: 1, about: 'share of requests that go to the others' }),
    latencyPredictionInfoProducerName,
  },
  needs: (p) => [p.latencyPredictionInfoProducerName],
  create: (p, { random }) => {
    const attributes = latencyAttributes(p.latencyPredictionInfoProducerName);
    return {
      filter(decision, candidates) {
        if (candidates.length <= 1 || !decision.attributes.has(attributes.ttft)) return candidates;
        const headroomOf = headrooms(decision, attributes);
        const positive = keep(candidates, (candidate) => {
          const room = headroomOf(candidate);
          return room !== undefined && room.ttft >= 0 && room.tpot >= 0;
        });
        if (positive.length === 0 || positive.length === candidates.length) return candidates;
        return random() < p.epsilonExploreNeg ? keep(candidates, (candidate) => !positive.includes(candidate)) : positive;
      },
    };
  },
});
