import { pluginType } from '../../plugin-type.ts';

/** What counts where a configuration does not say. */
export const fcfsOrderingPolicy = pluginType({
  type: 'fcfs-ordering-policy',
  kinds: ['ordering-policy'],
  about: 'First come, first served.',
  parameters: {},
  create: () => ({ rank: () => 0 }),
});
