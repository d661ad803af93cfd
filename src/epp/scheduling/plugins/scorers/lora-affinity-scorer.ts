import type { Endpoint } from '../../../endpoints/endpoint.ts';
import { pluginType } from '../../plugin-type.ts';

export const loraAffinityScorer = pluginType({
  type: 'lora-affinity-scorer',
  kinds: ['scorer'],
  about: 'Servers that run the adapter: 1; with room for one more: 0.8; where it waits: 0.6; others 0. Adapters in both lists count once, and an adapter of which we have a request on its way to a server is taken as running there: lists of recent vLLM are unreliable.',
  parameters: {},
  create: () => ({
    score({ request }, candidates, scores) {
      const adapter = request.targetModel;
      // A base model is on its way to every server, too. It is an adapter only if a server says so.
      const known = candidates.some(({ metrics: { loras } }) => loras.running.has(adapter) || loras.waiting.has(adapter));
      for (let i = 0; i < candidates.length; i++) scores[i] = known ? scoreKnown(candidates[i] as Endpoint, adapter) : hasRoom(candidates[i] as Endpoint) ? 0.8 : 0;
    },
  }),
});

function scoreKnown(endpoint: Endpoint, adapter: string): number {
  const { running, waiting } = endpoint.metrics.loras;
  if (running.has(adapter) || endpoint.inFlightByModel.has(adapter)) return 1;
  if (hasRoom(endpoint)) return 0.8;
  return waiting.has(adapter) ? 0.6 : 0;
}

function hasRoom({ metrics: { loras } }: Endpoint): boolean {
  let adapters = loras.running.size;
  for (const adapter of loras.waiting) if (!loras.running.has(adapter)) adapters++;
  return adapters < loras.max;
}
