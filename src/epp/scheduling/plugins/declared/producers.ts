/** Data producers that are carried out elsewhere: beside the prefix index, and beside what measures latencies. */
import { boolean, choice, duration, integer, list, number, object, optionalObject, raw, string } from '../../../config/fields.ts';
import { pluginType } from '../../plugin-type.ts';
import { inFlightLoadProducerName, latencyProducerType, prefixMatchInfoProducerName } from '../producer-names.ts';

export const precisePrefixProducerType = 'precise-prefix-cache-producer';

export const declaredProducers = [
  pluginType({
    type: precisePrefixProducerType,
    kinds: ['data-producer', 'prefix-match-producer'],
    about: 'Knows what servers have cached from the KV events that they publish.',
    parameters: {
      tokenProcessorConfig: object(
        {
          blockSizeTokens: integer({ default: 16, min: 1, about: 'tokens of a block of the servers' }),
          blockSize: integer({ min: 1, about: 'the former name of `blockSizeTokens`', deprecated: 'use blockSizeTokens' }),
          hashSeed: string({ default: '', about: 'PYTHONHASHSEED of the servers' }),
          hashAlgorithm: choice(['cbor-fnv', 'xxh64'], { default: 'cbor-fnv', about: 'accepted: our keys are our own' }),
        },
        { about: 'how prompts become blocks' },
      ),
      indexerConfig: object(
        {
          kvBlockIndexConfig: object(
            {
              inMemoryConfig: optionalObject({ size: integer({ min: 1, about: 'blocks that are remembered' }), podCacheSize: integer({ min: 1, about: 'servers of a block' }) }, { about: 'in memory' }),
              costAwareMemoryConfig: optionalObject({ size: string({ about: 'bytes' }) }, { about: 'in memory, by bytes' }),
              redisConfig: optionalObject({ address: string({ about: 'address' }) }, { about: 'left out: every pick would wait for it' }),
              enableMetrics: boolean({ default: true, about: 'accepted' }),
              metricsLoggingInterval: duration({ about: 'accepted' }),
            },
            { about: 'where it is remembered' },
          ),
          kvCacheBackendConfigs: list(object({ name: string({ required: true, about: 'tier' }), weight: number({ default: 1, min: 0, about: 'worth' }) }, { about: 'one tier' }), { about: 'worth of tiers of the cache; gpu 1, cpu 0.8' }),
        },
        { about: 'what is remembered' },
      ),
      kvEventsConfig: object(
        {
          zmqEndpoint: string({ about: 'one address at which servers publish to us' }),
          topicFilter: string({ default: 'kv@', about: 'topics to listen to' }),
          concurrency: integer({ default: 4, min: 1, about: 'accepted' }),
          engineType: choice(['vllm', 'sglang'], { default: 'vllm', about: 'whose events' }),
          discoverPods: boolean({ default: true, about: 'connect to each server' }),
          podDiscoveryConfig: object(
            {
              podLabelSelector: string({ default: 'llm-d.ai/inference-serving=true', about: 'accepted: the pool says which' }),
              podNamespace: string({ about: 'accepted: the pool says which' }),
              socketPort: integer({ default: 5557, min: 1, max: 65_535, about: 'port of events' }),
              replaySocketPort: integer({ min: 0, max: 65_535, about: 'port of past events; 0: none' }),
            },
            { about: 'how servers are reached' },
          ),
        },
        { about: 'where events come from' },
      ),
      speculativeIndexing: boolean({ default: false, about: 'count what was sent before events say so' }),
      speculativeTTL: duration({ default: 2000, above: 0, about: 'for how long' }),
      speculativeConfig: raw({ about: 'accepted' }),
    },
    check: (p, place) => {
      if (p.indexerConfig.kvBlockIndexConfig.redisConfig !== undefined) place.at('indexerConfig').at('kvBlockIndexConfig').at('redisConfig').error('is not supported: every pick would wait for Redis');
    },
  }),
  pluginType({
    type: latencyProducerType,
    kinds: ['data-producer', 'latency-prediction-producer'],
    about: 'Predicts latencies from those that were observed. Upstream asks services beside it; ours learns by itself, so addresses and intervals of these are accepted and not used.',
    parameters: {
      samplingMean: number({ default: 1000, above: 0, about: 'accepted' }),
      maxDecodeTokenSamplesForPrediction: integer({ min: 0, about: 'accepted' }),
      sloBufferFactor: number({ default: 1, above: 0, about: 'what the client allows is multiplied by this' }),
      contextTTL: duration({ default: 300_000, above: 0, about: 'accepted' }),
      streamingMode: boolean({ default: false, about: 'answers are streamed' }),
      endpointRoleLabel: string({ about: 'label of Pods that sets servers apart' }),
      predictInProduce: boolean({ default: true, about: 'predict before filters and scorers run' }),
      prefixMatchInfoProducerName,
      inFlightLoadProducerName,
      useEncoderCacheFeatures: boolean({ default: false, about: 'accepted' }),
      encoderCacheMatchInfoProducerName: string({ about: 'accepted' }),
    },
    needs: (p) => [p.prefixMatchInfoProducerName, p.inFlightLoadProducerName],
  }),
];
