import { choice, number } from '../../../config/fields.ts';
import { pluginType } from '../../plugin-type.ts';

export const priorityHoldbackPolicy = pluginType({
  type: 'priority-holdback-policy',
  kinds: ['usage-limit-policy'],
  alpha: true,
  about: 'The lower a priority, the earlier its requests have to wait.',
  parameters: {
    shape: choice(['linear'], { default: 'linear', about: 'between the ceilings' }),
    domain: choice(['rank', 'value'], { default: 'rank', about: 'by place among the priorities, or by their numbers' }),
    minCeiling: number({ required: true, min: 0, max: 1, about: 'of the lowest priority, below 1' }),
    maxCeiling: number({ default: 1, min: 0, about: 'of the highest priority' }),
  },
  check: ({ minCeiling, maxCeiling }, place) => {
    if (minCeiling >= 1) place.at('minCeiling').error(`must be less than 1, not ${minCeiling}`);
    if (minCeiling > maxCeiling) place.at('minCeiling').error(`must not be more than maxCeiling (${maxCeiling})`);
  },
  create: ({ domain, minCeiling, maxCeiling }) => ({
    limit(_saturation, priorities, ceilings) {
      const last = priorities.length - 1;
      const highest = priorities[0] ?? 0;
      const range = highest - (priorities[last] ?? 0);
      // One priority alone is held back by nothing.
      const step = (maxCeiling - minCeiling) / (domain === 'rank' ? last : range);
      for (let i = 0; i <= last; i++) ceilings[i] = i === 0 ? maxCeiling : maxCeiling - step * (domain === 'rank' ? i : highest - (priorities[i] ?? 0));
      return Infinity;
    },
  }),
});
