/** Where endpoints and what is known of them come from; the data layer carries these out. */
import { boolean, choice, duration, integer, list, object, string } from '../../../config/fields.ts';
import { pluginType } from '../../plugin-type.ts';

const spec = (about: string) => string({ about });

const http = (path: string) => ({
  scheme: choice(['http', 'https'], { default: 'http', about: 'how servers are asked' }),
  path: string({ default: path, about: 'where' }),
  port: integer({ min: 1, max: 65_535, about: 'of the server; that of the endpoint when nothing is said' }),
  insecureSkipVerify: boolean({ default: true, about: 'with https: take any certificate' }),
  caCertPath: string({ about: 'with https: file with CA certificates' }),
  clientCertPath: string({ about: 'with https: file with our certificate' }),
  clientKeyPath: string({ about: 'and its key' }),
  interval: duration({ above: 0, about: 'time between two questions; `--refresh-metrics-interval` when nothing is said' }),
});

export const metricsDataSourceType = 'metrics-data-source';
export const coreMetricsExtractorType = 'core-metrics-extractor';

export const dataLayerTypes = [
  pluginType({ type: metricsDataSourceType, kinds: ['data-source'], about: 'Asks servers for their metrics.', parameters: http('/metrics') }),
  pluginType({
    type: coreMetricsExtractorType,
    kinds: ['extractor'],
    about: 'Finds queue, running requests, KV cache and LoRA adapters in metrics. Specifications are `name` or `name{label=value}`.',
    parameters: {
      engineLabelKey: string({ default: 'llm-d.ai/engine-type', about: 'label of Pods with the engine' }),
      defaultEngine: string({ default: 'vllm', about: 'engine of Pods without the label' }),
      engineConfigs: list(
        object(
          {
            name: string({ required: true, about: 'the engine' }),
            queuedRequestsSpec: spec('waiting requests'),
            runningRequestsSpec: spec('running requests'),
            kvUsageSpec: spec('used share of the KV cache'),
            loraSpec: spec('LoRA adapters'),
            cacheInfoSpec: spec('a metric with labels of the cache'),
            cacheBlockSizeLabelName: string({ about: 'its label with the tokens of a block' }),
            cacheNumBlocksLabelName: string({ about: 'its label with the number of blocks' }),
            cacheBlockSizeSpec: spec('tokens of a block, when that is a metric of its own'),
            cacheNumBlocksSpec: spec('number of blocks, when that is a metric of its own'),
            customMetrics: list(object({ attributeKey: string({ required: true, about: 'name of the attribute' }), metricSpec: string({ required: true, about: 'the metric' }) }, { about: 'one' }), {
              about: 'metrics that become attributes',
            }),
          },
          { about: 'one engine' },
        ),
        { about: 'engines beside `vllm`, `sglang`, `trtllm-serve`, `triton-tensorrt-llm`, or in their place' },
      ),
    },
  }),
  pluginType({ type: 'models-data-source', kinds: ['data-source'], about: 'Asks servers for their models.', parameters: http('/v1/models') }),
  pluginType({ type: 'models-data-extractor', kinds: ['extractor'], about: 'Finds models and adapters in lists of models.', parameters: {} }),
  pluginType({
    type: 'file-discovery',
    kinds: ['discovery'],
    about: 'Endpoints from a YAML file, `endpoints: [{name, namespace, address, port, labels}]`: an endpoint picker without Kubernetes.',
    parameters: { path: string({ required: true, about: 'the file' }), watchFile: boolean({ default: false, about: 'read it again when it changes' }) },
  }),
];
