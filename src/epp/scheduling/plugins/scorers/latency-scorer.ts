import { choice, number } from '../../../config/fields.ts';
import type { Endpoint } from '../../../endpoints/endpoint.ts';
import { estimatedKvUsage, estimatedWaiting } from '../../../endpoints/load.ts';
import type { Decision } from '../../plugin.ts';
import { pluginType } from '../../plugin-type.ts';
import { headrooms, latencyAttributes, type Headroom } from '../latency.ts';
import { latencyPredictionInfoProducerName, prefixMatchInfoProducerName, tokenProducerType } from '../producer-names.ts';

/** Differences of milliseconds below this are none. */
const epsilon = 1e-9;

export const latencyScorer = pluginType({
  type: 'latency-scorer',
  kinds: ['scorer'],
  about: 'By headroom, which is what the client allows less what is predicted, for the first token and for each further one. Servers with headroom go first; without any, idle servers, then those that break only one limit. Without predictions: free KV cache, queue and prefix match.',
  parameters: {
    ttftWeight: number({ default: 0.8, min: 0, about: 'how much the time to the first token counts' }),
    tpotWeight: number({ default: 0.2, min: 0, about: 'how much the time per further token counts' }),
    headroomSelectionStrategy: choice(['least', 'most'], { default: 'least', about: 'among servers with headroom prefer the one with the least, to pack requests, or with the most, to spread them' }),
    compositeKVWeight: number({ default: 1, min: 0, about: 'without predictions: free KV cache' }),
    compositeQueueWeight: number({ default: 1, min: 0, about: 'without predictions: short queue' }),
    compositePrefixWeight: number({ default: 1, min: 0, about: 'without predictions: prefix match' }),
    latencyPredictionInfoProducerName,
    prefixMatchInfoProducerName,
  },
  needs: (p) => [p.latencyPredictionInfoProducerName, p.prefixMatchInfoProducerName, tokenProducerType],
  create: (p) => {
    const attributes = latencyAttributes(p.latencyPredictionInfoProducerName);
    return {
      score(decision, candidates, scores) {
        const headroomOf = headrooms(decision, attributes);
        const rooms = candidates.map(headroomOf);
        if (rooms.every((room) => room === undefined)) return scoreWithout(p, decision, candidates, scores);
        scores.fill(0, 0, candidates.length);
        const chosen = bestBucket(candidates, rooms);
        scoreBucket(chosen.indexes, rooms, scores, { ttft: p.ttftWeight, tpot: p.tpotWeight, most: p.headroomSelectionStrategy === 'most' && !chosen.negative });
      },
    };
  },
});

/** The servers to choose among: the first of these groups that has any. */
function bestBucket(candidates: readonly Endpoint[], rooms: readonly (Headroom | undefined)[]): { readonly indexes: readonly number[]; readonly negative: boolean } {
  const all = candidates.map((_, i) => i);
  const positive = all.filter((i) => (rooms[i]?.ttft ?? 0) >= 0 && (rooms[i]?.tpot ?? 0) >= 0);
  if (positive.length > 0) return { indexes: positive, negative: false };
  const idle = all.filter((i) => candidates[i]?.inFlight === 0);
  const onlyTpot = all.filter((i) => (rooms[i]?.ttft ?? -1) >= 0);
  const onlyTtft = all.filter((i) => (rooms[i]?.tpot ?? -1) >= 0);
  return { indexes: [idle, onlyTpot, onlyTtft].find(({ length }) => length > 0) ?? all, negative: true };
}

interface Weights {
  readonly ttft: number;
  readonly tpot: number;
  /** Whether much headroom is good. */
  readonly most: boolean;
}

/** Scores 0.01 to 1.01 in steps of 0.01, as upstream. */
function scoreBucket(indexes: readonly number[], rooms: readonly (Headroom | undefined)[], scores: Float64Array, weights: Weights): void {
  const ttft = spread(indexes.map((i) => Math.abs(rooms[i]?.ttft ?? 0)));
  const tpot = spread(indexes.map((i) => Math.abs(rooms[i]?.tpot ?? 0)));
  const sum = weights.ttft + weights.tpot;
  let share = sum > 0 ? weights.ttft / sum : 1;
  if (!ttft.differ && tpot.differ) share = 0;
  else if (ttft.differ && !tpot.differ) share = 1;
  indexes.forEach((index, i) => {
    const combined = share * (ttft.values[i] ?? 0) + (1 - share) * (tpot.values[i] ?? 0);
    scores[index] = (Math.trunc((weights.most ? combined : 1 - combined) * 100) + 1) / 100;
  });
}

function spread(values: readonly number[]): { readonly differ: boolean; readonly values: readonly number[] } {
  const min = Math.min(...values);
  const range = Math.max(...values) - min;
  const differ = range > epsilon;
  return { differ, values: values.map((value) => (differ ? (value - min) / range : 0.5)) };
}

interface CompositeWeights {
  readonly compositeKVWeight: number;
  readonly compositeQueueWeight: number;
  readonly compositePrefixWeight: number;
  readonly prefixMatchInfoProducerName: string;
}

function scoreWithout(p: CompositeWeights, { prefixes }: Decision, candidates: readonly Endpoint[], scores: Float64Array): void {
  const sum = p.compositeKVWeight + p.compositeQueueWeight + p.compositePrefixWeight;
  const [kv, queue, prefix] = sum > 0 ? [p.compositeKVWeight / sum, p.compositeQueueWeight / sum, p.compositePrefixWeight / sum] : [1, 0, 0];
  const match = prefixes.get(p.prefixMatchInfoProducerName);
  let longest = 0;
  for (const candidate of candidates) longest = Math.max(longest, estimatedWaiting(candidate));
  for (let i = 0; i < candidates.length; i++) {
    const candidate = candidates[i] as Endpoint;
    const short = longest > 0 ? (longest - estimatedWaiting(candidate)) / longest : 1;
    const matched = match !== undefined && match.totalBlocks > 0 ? match.matchedBlocks(candidate) / match.totalBlocks : 0;
    scores[i] = Math.round(100 * (kv * (1 - estimatedKvUsage(candidate)) + queue * short + prefix * matched)) / 100;
  }
}
