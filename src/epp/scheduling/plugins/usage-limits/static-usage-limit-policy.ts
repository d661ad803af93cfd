import { number } from '../../../config/fields.ts';
import { pluginType } from '../../plugin-type.ts';

/** What counts where a configuration does not say. */
export const staticUsageLimitPolicy = pluginType({
  type: 'static-usage-limit-policy',
  kinds: ['usage-limit-policy'],
  about: 'Requests of any priority are sent while the pool is less full than this.',
  parameters: { threshold: number({ default: 1, min: 0, about: 'saturation at which sending stops' }) },
  create: ({ threshold }) => ({
    limit(_saturation, priorities, ceilings) {
      ceilings.fill(threshold, 0, priorities.length);
      return Infinity;
    },
  }),
});
