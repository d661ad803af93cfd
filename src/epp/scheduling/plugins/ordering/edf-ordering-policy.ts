import { pluginType } from '../../plugin-type.ts';

export const edfOrderingPolicy = pluginType({
  type: 'edf-ordering-policy',
  kinds: ['ordering-policy'],
  about: 'The request that expires first goes first.',
  parameters: {},
  create: () => ({ rank: (_, now, ttlMs) => (ttlMs > 0 ? now + ttlMs : Infinity) }),
});
