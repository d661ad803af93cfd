import { estimatedWaiting } from '../../../endpoints/load.ts';
import { pluginType } from '../../plugin-type.ts';
import { scoreFewest } from './fewest.ts';

export const queueScorer = pluginType({
  type: 'queue-scorer',
  kinds: ['scorer'],
  about: 'Few waiting requests are good: (max − waiting) / (max − min), 1 when all have the same. Requests sent since the last scrape count, too.',
  parameters: {},
  create: () => ({ score: (_, candidates, scores) => scoreFewest(candidates, estimatedWaiting, scores) }),
});
