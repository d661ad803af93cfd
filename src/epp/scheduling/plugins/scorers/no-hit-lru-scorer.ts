import { integer, string } from '../../../config/fields.ts';
import type { Endpoint } from '../../../endpoints/endpoint.ts';
import type { Decision } from '../../plugin.ts';
import { pluginType } from '../../plugin-type.ts';
import { prefixMatchInfoProducerName, tokenProducerType } from '../producer-names.ts';

export const noHitLruScorer = pluginType({
  type: 'no-hit-lru-scorer',
  kinds: ['scorer'],
  about: 'Spreads prompts that nobody has cached: the server that was given such a prompt least recently scores 1, the latest one 0, those in between by rank; servers that were never given one share the best rank. Prompts that somebody has cached: 0.5 for all.',
  parameters: {
    prefixMatchInfoProducerName,
    lruSize: integer({ default: 1024, min: 1, max: 1_000_000, about: 'servers that are remembered' }),
    prefixPluginType: string({ about: 'ignored', deprecated: 'use prefixMatchInfoProducerName' }),
    prefixPluginName: string({ about: 'ignored', deprecated: 'use prefixMatchInfoProducerName' }),
  },
  needs: (p) => [p.prefixMatchInfoProducerName, tokenProducerType],
  create: ({ prefixMatchInfoProducerName: producer, lruSize }) => {
    /** When servers were given a cold prompt last, the least recent first; the count goes up. */
    const given = new Map<string, number>();
    let count = 0;
    let sorted = new Float64Array(0);
    const isCold = ({ prefixes }: Decision, candidates: readonly Endpoint[]): boolean => {
      const match = prefixes.get(producer);
      return match === undefined || !candidates.some((candidate) => match.matchedBlocks(candidate) > 0);
    };
    return {
      score(decision, candidates, scores) {
        if (!isCold(decision, candidates)) {
          scores.fill(0.5, 0, candidates.length);
          return;
        }
        if (candidates.length === 1) {
          scores[0] = 1;
          return;
        }
        if (sorted.length !== candidates.length) sorted = new Float64Array(candidates.length);
        for (let i = 0; i < candidates.length; i++) sorted[i] = scores[i] = given.get((candidates[i] as Endpoint).name) ?? 0;
        sorted.sort();
        for (let i = 0; i < candidates.length; i++) scores[i] = 1 - firstIndex(sorted, scores[i] as number) / (candidates.length - 1);
      },
      picked(decision, { endpoints, candidates }, stage) {
        const [first] = endpoints;
        if (first === undefined || stage === 'encode' || !isCold(decision, candidates)) return;
        given.delete(first.name);
        given.set(first.name, ++count);
        const [oldest] = given.keys();
        if (given.size > lruSize && oldest !== undefined) given.delete(oldest);
      },
      removed: ({ name }) => void given.delete(name),
    };
  },
});

/** Index of the first element that is `value` or more. */
function firstIndex(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
