import { estimatedRunning } from '../../../endpoints/load.ts';
import { pluginType } from '../../plugin-type.ts';
import { scoreFewest } from './fewest.ts';

export const runningRequestsSizeScorer = pluginType({
  type: 'running-requests-size-scorer',
  kinds: ['scorer'],
  about: 'Few running requests are good: (max − running) / (max − min), 1 when all have the same. Requests sent since the last scrape count, too.',
  parameters: {},
  create: () => ({ score: (_, candidates, scores) => scoreFewest(candidates, estimatedRunning, scores) }),
});
