/** The fields of an `EndpointPickerConfig`, `llm-d.ai/v1alpha1`. */
import { boolean, duration, integer, list, number, object, optionalObject, quantity, raw, reference, string } from './fields.ts';

const ref = (kind: string, about: string) => ({ pluginRef: reference({ kinds: [kind], required: true, about }) });

const band = {
  priority: integer({ default: 0, about: 'higher goes first' }),
  maxBytes: quantity({ about: 'bytes of requests that wait; 0 or nothing: 1G' }),
  maxRequests: quantity({ about: 'requests that wait; 0 or nothing: 5000' }),
  fairnessPolicyRef: reference({ kinds: ['fairness-policy'], default: 'global-strict-fairness-policy', about: 'which flow is next' }),
  orderingPolicyRef: reference({ kinds: ['ordering-policy'], default: 'fcfs-ordering-policy', about: 'which request of a flow is next' }),
};

const detector = {
  pluginRef: reference({ kinds: ['saturation-detector'], default: 'utilization-detector', about: 'how full the pool is' }),
};

export const configFields = {
  apiVersion: string({ required: true, about: '`llm-d.ai/v1alpha1`' }),
  kind: string({ required: true, about: '`EndpointPickerConfig`' }),
  metadata: raw({ about: 'not used' }),
  featureGates: list(string({ about: 'name, or `name=false`' }), { about: 'what is switched on' }),
  plugins: list(
    object(
      {
        name: string({ about: 'by which it is referred to; the type when nothing is said' }),
        type: string({ required: true, about: 'what it is' }),
        parameters: raw({ about: 'of the type' }),
      },
      { about: 'one plugin' },
    ),
    { about: 'plugins and their parameters' },
  ),
  schedulingProfiles: list(
    object(
      {
        name: string({ required: true, about: 'its name' }),
        plugins: list(
          object({ pluginRef: reference({ kinds: ['filter', 'scorer', 'picker'], required: true, about: 'a filter, scorer or picker' }), weight: number({ min: 0, about: 'of a scorer; 1 when nothing is said' }) }, { about: 'one plugin' }),
          { about: 'filters in order, scorers, one picker' },
        ),
      },
      { about: 'one profile' },
    ),
    { about: 'how a server is chosen' },
  ),
  dataLayer: object(
    {
      injectDefaults: boolean({ default: true, about: 'read metrics without being told' }),
      sources: list(object({ ...ref('data-source', 'who is asked'), extractors: list(object(ref('extractor', 'who reads it'), { about: 'one' }), { about: 'who reads the answer' }) }, { about: 'one' }), { about: 'what servers are asked' }),
      discovery: optionalObject(ref('discovery', 'where endpoints come from'), { about: 'endpoints without Kubernetes' }),
      peerDiscovery: optionalObject(ref('peer-discovery', 'how'), { about: 'how replicas find each other' }),
      crossReplicaSyncerPluginRef: reference({ kinds: ['cross-replica-syncer'], about: 'how replicas share what they know' }),
      crossReplicaSyncInterval: duration({ above: 0, about: 'how often' }),
    },
    { about: 'what is known of servers' },
  ),
  flowControl: object(
    {
      maxBytes: quantity({ default: 0, about: 'bytes of all requests that wait; 0: no limit' }),
      maxRequests: quantity({ default: 0, about: 'requests that wait; 0: no limit' }),
      defaultRequestTTL: duration({ min: 0, about: 'the longest wait; 60s when nothing is said, 0s: no limit' }),
      noEndpointRequestTTL: duration({ min: 0, about: 'the longest wait for a first endpoint; `defaultRequestTTL` when nothing is said' }),
      defaultPriorityBand: optionalObject(band, { about: 'for priorities that are not listed' }),
      defaultNegativePriorityBand: optionalObject(band, { about: 'for priorities below 0 that are not listed' }),
      priorityBands: list(object(band, { about: 'one' }), { about: 'what is special about some priorities' }),
      usageLimitPolicyPluginRef: reference({ kinds: ['usage-limit-policy'], default: 'static-usage-limit-policy', about: 'how full the pool may get' }),
      saturationDetector: optionalObject(detector, { about: 'how full the pool is' }),
      enableEviction: boolean({ default: false, about: 'end requests of a priority below 0 when others wait' }),
    },
    { about: 'requests wait here instead of in servers; with the gate `flowControl`' },
  ),
  requestHandler: object({ parsers: list(object(ref('parser', 'a parser'), { about: 'one' }), { about: 'who reads bodies' }) }, { about: 'what is read of requests' }),
  saturationDetector: optionalObject(
    {
      ...detector,
      queueDepthThreshold: integer({ min: 1, about: 'as of `utilization-detector`', deprecated: 'set it at a plugin of type utilization-detector' }),
      kvCacheUtilThreshold: number({ above: 0, max: 1, about: 'as of `utilization-detector`', deprecated: 'set it at a plugin of type utilization-detector' }),
      metricsStalenessThreshold: duration({ above: 0, about: 'as of `utilization-detector`', deprecated: 'set it at a plugin of type utilization-detector' }),
    },
    { about: 'as in `flowControl`', deprecated: 'use flowControl.saturationDetector' },
  ),
  parser: optionalObject(ref('parser', 'a parser'), { about: 'the only parser', deprecated: 'use requestHandler.parsers' }),
};
