import { choice, duration, integer, number, object, optionalObject, raw, string } from '../../../config/fields.ts';
import { pluginType } from '../../plugin-type.ts';
import { tokenProducerType } from '../producer-names.ts';

const media = (about: string) => raw({ about });

/** Prompts are cut and counted as they come in, before a decision begins; this plugin says how. */
export const tokenProducer = pluginType({
  type: tokenProducerType,
  kinds: ['data-producer', 'token-producer'],
  about: 'Estimates the tokens of prompts: four bytes each, pictures by their size.',
  parameters: {
    modelName: string({ about: 'accepted: nothing is looked up for an estimate' }),
    estimate: object(
      {
        image: object(
          {
            mode: choice(['static', 'dynamic'], { default: 'dynamic', about: 'a fixed number for each, or by size' }),
            defaultResolution: object({ width: integer({ default: 640, min: 1, about: 'pixels' }), height: integer({ default: 360, min: 1, about: 'pixels' }) }, { about: 'of pictures of which the size is not known' }),
            static: object({ staticToken: integer({ min: 0, about: 'tokens of any picture' }) }, { about: 'for `static`' }),
            dynamic: object({ factor: number({ default: 1024, above: 0, about: 'pixels of a token' }) }, { about: 'for `dynamic`' }),
          },
          { about: 'pictures' },
        ),
        video: media('films; read, not used'),
      },
      { about: 'how tokens are estimated' },
    ),
    vllm: optionalObject(
      {
        url: string({ default: 'http://localhost:8000', about: 'of a render server' }),
        timeout: duration({ default: 5000, about: 'for text' }),
        mmTimeout: duration({ default: 30_000, about: 'with pictures and the like' }),
      },
      { about: 'left out: prompts would wait for another server' },
    ),
    udsTokenizerConfig: media('left out: see vllm'),
  },
  check: ({ vllm, udsTokenizerConfig }, place) => {
    if (vllm !== undefined) place.at('vllm').error('is not supported: tokens are estimated, no prompt waits for another server');
    if (udsTokenizerConfig !== undefined) place.at('udsTokenizerConfig').error('is not supported: tokens are estimated');
  },
  create: () => ({ produce() {} }),
});
