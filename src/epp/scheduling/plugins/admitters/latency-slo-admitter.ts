import { estimatedRunning } from '../../../endpoints/load.ts';
import { pluginType } from '../../plugin-type.ts';
import { allowedMs, latencyAttributes, predictedTtft } from '../latency.ts';
import { latencyPredictionInfoProducerName } from '../producer-names.ts';

/** With less of its KV cache in use, a server has done too little for predictions to be worth much. */
const coldKvUsage = 0.02;

export const latencySloAdmitter = pluginType({
  type: 'latency-slo-admitter',
  kinds: ['admitter'],
  about: 'Turns away requests of a priority below 0 that no server is predicted to answer in the time that their headers allow. Servers that are idle, or have hardly begun, may always try.',
  parameters: { latencyPredictionInfoProducerName },
  needs: (p) => [p.latencyPredictionInfoProducerName],
  create: (p) => {
    const attributes = latencyAttributes(p.latencyPredictionInfoProducerName);
    return {
      admits(decision, candidates) {
        const { request } = decision;
        const allowed = { ttft: allowedMs(request, 'ttft') || Infinity, tpot: allowedMs(request, 'tpot') || Infinity };
        if (request.priority >= 0 || (allowed.ttft === Infinity && allowed.tpot === Infinity)) return true;
        let isPredicted = false;
        for (const candidate of candidates) {
          if (candidate.metrics.kvCacheUsage < coldKvUsage || estimatedRunning(candidate) === 0) return true;
          const ttft = predictedTtft(decision, candidate, attributes.ttft);
          if (ttft === undefined) continue;
          isPredicted = true;
          if (ttft <= allowed.ttft && (predictedTtft(decision, candidate, attributes.tpot) ?? 0) <= allowed.tpot) return true;
        }
        return !isPredicted;
      },
    };
  },
});
