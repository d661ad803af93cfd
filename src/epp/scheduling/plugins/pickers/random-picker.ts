import { pluginType } from '../../plugin-type.ts';
import { maxNumOfEndpoints } from './how-many.ts';

export const randomPicker = pluginType({
  type: 'random-picker',
  kinds: ['picker'],
  about: 'Any server, whatever the scores.',
  parameters: { maxNumOfEndpoints },
  create: ({ maxNumOfEndpoints: most }, { random }) => ({
    pick(_, candidates) {
      const wanted = Math.min(most, candidates.length);
      if (wanted === 1) return candidates.slice(Math.floor(random() * candidates.length)).slice(0, 1);
      const rest = [...candidates];
      for (let i = 0; i < wanted; i++) {
        const j = i + Math.floor(random() * (rest.length - i));
        [rest[i], rest[j]] = [rest[j] as (typeof rest)[number], rest[i] as (typeof rest)[number]];
      }
      return rest.slice(0, wanted);
    },
  }),
});
