import { pluginType } from '../../plugin-type.ts';

/** What counts where a configuration does not say. */
export const priorityThenTimeEvictionOrderPolicy = pluginType({
  type: 'priority-then-time-eviction-order-policy',
  kinds: ['eviction-order-policy'],
  about: 'The lowest priority is evicted first, of these the latest.',
  parameters: {},
  // The latest has the least in the KV cache that would be lost.
  create: () => ({ compareVictims: (a, b) => a.request.priority - b.request.priority || b.dispatchSerial - a.dispatchSerial }),
});
