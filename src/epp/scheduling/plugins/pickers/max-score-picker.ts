import type { Endpoint } from '../../../endpoints/endpoint.ts';
import { pluginType } from '../../plugin-type.ts';
import { maxNumOfEndpoints } from './how-many.ts';

export const maxScorePicker = pluginType({
  type: 'max-score-picker',
  kinds: ['picker'],
  about: 'The server with the highest total; among equals by chance, each with the same.',
  parameters: { maxNumOfEndpoints },
  create: ({ maxNumOfEndpoints: most }, { random }) => {
    let taken = new Uint8Array(0);
    return {
      pick(_, candidates, totals) {
        if (most > 1) {
          if (taken.length < candidates.length) taken = new Uint8Array(candidates.length);
          else taken.fill(0);
        }
        const picked: Endpoint[] = [];
        const wanted = Math.min(most, candidates.length);
        while (picked.length < wanted) {
          const best = bestOf(candidates.length, totals, picked.length === 0 ? undefined : taken, random);
          if (wanted > 1) taken[best] = 1;
          picked.push(candidates[best] as Endpoint);
        }
        return picked;
      },
    };
  },
});

/** Index of one of those with the highest total, of all that are not taken. */
function bestOf(count: number, totals: Float64Array, taken: Uint8Array | undefined, random: () => number): number {
  let best = -1;
  let highest = -Infinity;
  let equals = 0;
  for (let i = 0; i < count; i++) {
    if (taken !== undefined && taken[i] === 1) continue;
    const total = totals[i] as number;
    if (total > highest || best < 0) [best, highest, equals] = [i, total, 1];
    else if (total === highest) equals++;
  }
  if (equals === 1) return best;
  let nth = Math.floor(random() * equals);
  for (let i = best; i < count; i++) {
    if (taken !== undefined && taken[i] === 1) continue;
    if ((totals[i] as number) === highest && nth-- === 0) return i;
  }
  return best;
}
