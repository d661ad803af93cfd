import { choice, integer, number } from '../../../config/fields.ts';
import type { Endpoint } from '../../../endpoints/endpoint.ts';
import { keep } from '../../keep.ts';
import { pluginType } from '../../plugin-type.ts';
import { inFlightLoadProducerName } from '../producer-names.ts';

export const concurrencyDetector = pluginType({
  type: 'concurrency-detector',
  kinds: ['saturation-detector', 'filter'],
  about: 'How full a pool is by what we have on its way there, requests or tokens of prompts, in relation to what all servers take; `hybrid`: the mean over servers of the larger one. As a filter: leaves out servers that have all they take.',
  parameters: {
    concurrencyMode: choice(['requests', 'tokens', 'hybrid'], { default: 'requests', about: 'what is counted' }),
    maxConcurrency: integer({ default: 100, min: 1, about: 'requests that one server takes' }),
    maxTokenConcurrency: integer({ default: 1_000_000, min: 1, about: 'tokens that one server takes' }),
    headroom: number({ default: 0, min: 0, about: 'as a filter: share by which limits may be exceeded' }),
    inFlightLoadProducerName,
  },
  needs: (p) => [p.inFlightLoadProducerName],
  create: ({ concurrencyMode, maxConcurrency, maxTokenConcurrency, headroom }) => {
    const requests = ({ inFlight }: Endpoint) => inFlight / maxConcurrency;
    const tokens = ({ inFlightTokens }: Endpoint) => inFlightTokens / maxTokenConcurrency;
    const fullness = { requests, tokens, hybrid: (endpoint: Endpoint) => Math.max(requests(endpoint), tokens(endpoint)) }[concurrencyMode];
    return {
      saturation(_, endpoints) {
        let sum = 0;
        for (const endpoint of endpoints) sum += fullness(endpoint);
        return endpoints.length === 0 ? 1 : sum / endpoints.length;
      },
      filter: (_, candidates) => keep(candidates, (candidate) => fullness(candidate) < 1 + headroom),
    };
  },
});
