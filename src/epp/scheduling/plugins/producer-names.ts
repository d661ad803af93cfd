/** Parameters that choose among several producers of the same data. */
import { reference } from '../../config/fields.ts';

export const approxPrefixProducerType = 'approx-prefix-cache-producer';
export const inFlightLoadProducerType = 'inflight-load-producer';
export const latencyProducerType = 'predicted-latency-producer';
export const tokenProducerType = 'token-producer';

export const prefixMatchInfoProducerName = reference({
  kinds: ['prefix-match-producer'],
  default: approxPrefixProducerType,
  about: 'who says what servers have cached',
});

export const inFlightLoadProducerName = reference({
  kinds: ['in-flight-load-producer'],
  default: inFlightLoadProducerType,
  about: 'who counts requests on their way',
});

export const latencyPredictionInfoProducerName = reference({
  kinds: ['latency-prediction-producer'],
  default: latencyProducerType,
  about: 'who predicts latencies',
});
