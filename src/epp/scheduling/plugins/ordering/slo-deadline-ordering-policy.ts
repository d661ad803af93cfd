import { pluginType } from '../../plugin-type.ts';
import { allowedMs } from '../latency.ts';

export const sloDeadlineOrderingPolicy = pluginType({
  type: 'slo-deadline-ordering-policy',
  kinds: ['ordering-policy'],
  about: 'The request whose first token is due first goes first: header `x-llm-d-slo-ttft-ms`. Requests without it come last.',
  parameters: {},
  create: () => ({
    rank(request, now) {
      const ms = allowedMs(request, 'ttft');
      return ms > 0 ? now + ms : Infinity;
    },
  }),
});
