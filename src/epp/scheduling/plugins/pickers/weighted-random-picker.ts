import type { Endpoint } from '../../../endpoints/endpoint.ts';
import { pluginType } from '../../plugin-type.ts';
import { maxNumOfEndpoints } from './how-many.ts';

export const weightedRandomPicker = pluginType({
  type: 'weighted-random-picker',
  kinds: ['picker'],
  about: 'By chance, in proportion to the totals; any server when all totals are 0.',
  parameters: { maxNumOfEndpoints },
  create: ({ maxNumOfEndpoints: most }, { random }) => {
    let keys = new Float64Array(0);
    return {
      pick(_, candidates, totals) {
        if (keys.length < candidates.length) keys = new Float64Array(candidates.length);
        // Weighted sampling without replacement (Efraimidis and Spirakis): the lowest of -ln(U)/weight. Those without weight come last, in random order.
        for (let i = 0; i < candidates.length; i++) {
          const total = totals[i] as number;
          const draw = -Math.log(1 - random());
          keys[i] = total > 0 ? draw / total : unweighted + draw;
        }
        const picked: Endpoint[] = [];
        const wanted = Math.min(most, candidates.length);
        while (picked.length < wanted) {
          let best = 0;
          for (let i = 1; i < candidates.length; i++) if ((keys[i] as number) < (keys[best] as number)) best = i;
          picked.push(candidates[best] as Endpoint);
          keys[best] = Infinity;
        }
        return picked;
      },
    };
  },
});

/** Above any key of a server with weight. */
const unweighted = 1e12;
