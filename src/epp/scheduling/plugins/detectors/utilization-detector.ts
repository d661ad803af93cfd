import { duration, integer, number } from '../../../config/fields.ts';
import type { Endpoint } from '../../../endpoints/endpoint.ts';
import { estimatedKvUsage, estimatedWaiting } from '../../../endpoints/load.ts';
import { keep } from '../../keep.ts';
import { pluginType } from '../../plugin-type.ts';

export const utilizationDetector = pluginType({
  type: 'utilization-detector',
  kinds: ['saturation-detector', 'filter'],
  about: 'How full a pool is by queues and KV caches: the mean over servers of max(waiting / `queueDepthThreshold`, used share / `kvCacheUtilThreshold`). A server of which nothing was heard lately counts as full. As a filter: leaves out servers at a threshold; keeps all when that would be all.',
  parameters: {
    queueDepthThreshold: integer({ default: 5, min: 1, about: 'waiting requests of a full server' }),
    kvCacheUtilThreshold: number({ default: 0.8, above: 0, max: 1, about: 'used share of the KV cache of a full server' }),
    metricsStalenessThreshold: duration({ default: 200, above: 0, about: 'age from which on metrics say nothing' }),
    headroom: number({ default: 0, min: 0, about: 'as a filter: share by which thresholds may be exceeded' }),
  },
  create: ({ queueDepthThreshold, kvCacheUtilThreshold, metricsStalenessThreshold, headroom }) => {
    const isStale = (endpoint: Endpoint, now: number) => now - endpoint.metrics.at > metricsStalenessThreshold;
    const most = 1 + headroom;
    return {
      saturation(now, endpoints) {
        let sum = 0;
        for (const endpoint of endpoints) sum += isStale(endpoint, now) ? 1 : Math.max(estimatedWaiting(endpoint) / queueDepthThreshold, estimatedKvUsage(endpoint) / kvCacheUtilThreshold);
        return endpoints.length === 0 ? 1 : sum / endpoints.length;
      },
      filter({ now }, candidates) {
        const kept = keep(
          candidates,
          (candidate) => !isStale(candidate, now) && estimatedWaiting(candidate) < queueDepthThreshold * most && estimatedKvUsage(candidate) < kvCacheUtilThreshold * most,
        );
        return kept.length === 0 ? candidates : kept;
      },
    };
  },
});
