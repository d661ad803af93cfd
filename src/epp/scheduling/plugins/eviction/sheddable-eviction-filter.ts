import { pluginType } from '../../plugin-type.ts';

/** What counts where a configuration does not say. */
export const sheddableEvictionFilter = pluginType({
  type: 'sheddable-eviction-filter',
  kinds: ['eviction-filter'],
  about: 'Only requests of a priority below 0 are evicted.',
  parameters: {},
  create: () => ({ isEvictable: ({ priority }) => priority < 0 }),
});
