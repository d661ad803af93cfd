import { pluginType } from '../../plugin-type.ts';

export const alwaysDisaggPdDecider = pluginType({
  type: 'always-disagg-pd-decider',
  kinds: ['decider'],
  about: 'Has every prompt read elsewhere.',
  parameters: {},
  create: () => ({ disaggregate: () => true }),
});

export const alwaysDisaggMultimodalDecider = pluginType({
  type: 'always-disagg-multimodal-decider',
  kinds: ['decider'],
  about: 'Has pictures, sounds and films read elsewhere, whenever a request has any.',
  parameters: {},
  create: () => ({ disaggregate: ({ request }) => (request.mediaItems ?? 0) > 0 }),
});
