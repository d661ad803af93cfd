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
    const requests = ({ inFlight }: Endpoint, coming: number) => (inFlight + coming) / maxConcurrency;
    // Requests that are coming are taken to have as many tokens as those that are there.
    const tokens = ({ inFlight, inFlightTokens }: Endpoint, coming: number) => ((inFlight > 0 ? 1 + coming / inFlight : 1) * inFlightTokens) / maxTokenConcurrency;
    const fullness = { requests, tokens, hybrid: (endpoint: Endpoint, coming: number) => Math.max(requests(endpoint, coming), tokens(endpoint, coming)) }[concurrencyMode];
    return {
      saturation(_, endpoints, coming = 0) {
        const share = coming / endpoints.length;
        let sum = 0;
        for (const endpoint of endpoints) sum += fullness(endpoint, share);
        return endpoints.length === 0 ? 1 : sum / endpoints.length;
      },
      filter: (_, candidates) => keep(candidates, (candidate) => fullness(candidate, 0) < 1 + headroom),
    };
  },
});
