import type { Endpoint } from '../../../endpoints/endpoint.ts';

/**
 * Scores by a count of which the fewest is best: 1 for the fewest, 0 for the most, 1 for all when they are equal. A difference of less than one
 * request is no more than that share of a score; between whole numbers of requests it makes no difference.
 */
export function scoreFewest(candidates: readonly Endpoint[], count: (candidate: Endpoint) => number, scores: Float64Array): void {
  let fewest = Infinity;
  let most = -Infinity;
  for (let i = 0; i < candidates.length; i++) {
    const found = count(candidates[i] as Endpoint);
    scores[i] = found;
    if (found < fewest) fewest = found;
    if (found > most) most = found;
  }
  const range = Math.max(1, most - fewest);
  for (let i = 0; i < candidates.length; i++) scores[i] = 1 - ((scores[i] as number) - fewest) / range;
}
