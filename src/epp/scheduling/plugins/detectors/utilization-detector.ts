import { duration, integer, number } from '../../../config/fields.ts';
import { metricsLateness, type Endpoint } from '../../../endpoints/endpoint.ts';
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
    metricsStalenessThreshold: duration({ default: 200, above: 0, about: 'how late metrics may be; idle servers are asked less often, so their age says nothing' }),
    headroom: number({ default: 0, min: 0, about: 'as a filter: share by which thresholds may be exceeded' }),
  },
  create: ({ queueDepthThreshold, kvCacheUtilThreshold, metricsStalenessThreshold, headroom }) => {
    const isStale = (endpoint: Endpoint, now: number) => endpoint.metrics.at === -Infinity || metricsLateness(endpoint, now) > metricsStalenessThreshold;
    const most = 1 + headroom;
    return {
      stalenessMs: metricsStalenessThreshold,
      // What was sent since a scrape is in the estimates, and so is what is coming: of a burst, a server without a queue gets no more between
      // two scrapes than would fill it if a quarter of them waited (`waitingShare`), 20 by default.
      saturation(now, endpoints, coming = 0) {
        const share = coming / endpoints.length;
        let sum = 0;
        for (const endpoint of endpoints) sum += isStale(endpoint, now) ? 1 : Math.max(estimatedWaiting(endpoint, share) / queueDepthThreshold, estimatedKvUsage(endpoint) / kvCacheUtilThreshold);
        return endpoints.length === 0 ? 1 : sum / endpoints.length;
      },
      stale(now, endpoints) {
        let count = 0;
        for (const endpoint of endpoints) if (isStale(endpoint, now)) count++;
        return count;
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
