import { choice, number } from '../../../config/fields.ts';
import type { Endpoint } from '../../../endpoints/endpoint.ts';
import { keep } from '../../keep.ts';
import type { Decision } from '../../plugin.ts';
import { pluginType } from '../../plugin-type.ts';
import { latencyAttributes, predictedTtft } from '../latency.ts';
import { inFlightLoadProducerName, latencyPredictionInfoProducerName, prefixMatchInfoProducerName, tokenProducerType } from '../producer-names.ts';

export const prefixCacheAffinityFilter = pluginType({
  type: 'prefix-cache-affinity-filter',
  kinds: ['filter'],
  about: 'Stick or spill: keeps the servers that have most of the prompt cached, unless the first token would come sooner from another one by more than `maxTTFTPenaltyMs`. May be used several times in one profile, with several thresholds.',
  parameters: {
    affinityThreshold: number({ default: 0.8, max: 1, about: 'share of the prompt that has to be cached; 0 or less: off' }),
    explorationProbability: number({ default: 0, min: 0, max: 1, about: 'share of requests that may go anywhere' }),
    maxTTFTPenaltyMs: number({ default: 18_000, min: 0, about: 'what the cache may cost; 0: stick always' }),
    ttftSource: choice(['prefillThroughput', 'latencyPredictor'], { default: 'prefillThroughput', about: 'how the first token is foreseen: prompt tokens on their way by throughput, or a prediction' }),
    peakPrefillThroughput: number({ default: 15_928, min: 0, about: 'prompt tokens a second of one server; the default is Qwen-32B on two H100' }),
    prefixMatchInfoProducerName,
    latencyPredictionInfoProducerName,
    inFlightLoadProducerName,
  },
  check: ({ ttftSource, maxTTFTPenaltyMs, peakPrefillThroughput }, place) => {
    if (ttftSource === 'prefillThroughput' && maxTTFTPenaltyMs > 0 && peakPrefillThroughput === 0) place.at('peakPrefillThroughput').error('must be more than 0 when ttftSource is "prefillThroughput"');
  },
  needs: (p) => [
    p.prefixMatchInfoProducerName,
    tokenProducerType,
    ...(p.maxTTFTPenaltyMs <= 0 ? [] : [p.ttftSource === 'latencyPredictor' ? p.latencyPredictionInfoProducerName : p.inFlightLoadProducerName]),
  ],
  create: (p, { random }) => {
    const attribute = latencyAttributes(p.latencyPredictionInfoProducerName).ttft;
    const ttft = (decision: Decision, endpoint: Endpoint): number =>
      p.ttftSource === 'latencyPredictor' ? (predictedTtft(decision, endpoint, attribute) ?? Infinity) : (endpoint.inFlightTokens / p.peakPrefillThroughput) * 1000;
    return {
      filter(decision, candidates) {
        const match = decision.prefixes.get(p.prefixMatchInfoProducerName);
        if (candidates.length <= 1 || p.affinityThreshold <= 0 || match === undefined || match.totalBlocks <= 0) return candidates;
        if (p.explorationProbability > 0 && random() < p.explorationProbability) return candidates;
        const isSticky = (candidate: Endpoint): boolean => match.matchedBlocks(candidate) / match.totalBlocks >= p.affinityThreshold;
        const sticky = keep(candidates, isSticky);
        if (sticky.length === 0 || sticky.length === candidates.length) return candidates;
        if (p.maxTTFTPenaltyMs > 0) {
          let [bestSticky, bestOther] = [Infinity, Infinity];
          for (const candidate of candidates) {
            const ms = ttft(decision, candidate);
            if (isSticky(candidate)) bestSticky = Math.min(bestSticky, ms);
            else bestOther = Math.min(bestOther, ms);
          }
          if (bestSticky - bestOther > p.maxTTFTPenaltyMs) return candidates;
        }
        return sticky;
      },
    };
  },
});
