import { choice, number, object, optionalObject, string } from '../../../config/fields.ts';
import type { Endpoint } from '../../../endpoints/endpoint.ts';
import { attributeOf } from '../../attribute.ts';
import { pluginType } from '../../plugin-type.ts';

export const endpointAttributeScorer = pluginType({
  type: 'endpoint-attribute-scorer',
  kinds: ['scorer'],
  alpha: true,
  about: 'Linear over an attribute of the server: between the lowest and the highest of the candidates, or in a fixed range. 0 without the attribute; 1 for all when they are equal.',
  parameters: {
    attributeKey: string({ required: true, about: 'the attribute, of `customMetrics` or of a data producer' }),
    producer: string({ about: 'accepted for compatibility: keys are looked up among all attributes' }),
    algorithm: object(
      {
        type: choice(['linear_lower_is_better', 'linear_higher_is_better'], { required: true, about: 'which end is good' }),
        normalization: object(
          {
            adaptiveRange: optionalObject({}, { about: 'from the lowest to the highest of the candidates; so it is when nothing is said' }),
            fixedRange: optionalObject({ min: number({ default: 0, about: 'from' }), max: number({ default: 0, about: 'to' }) }, { about: 'a range that is known' }),
          },
          { about: 'what 0 and 1 stand for' },
        ),
      },
      { about: 'how values become scores' },
    ),
  },
  check: ({ algorithm: { normalization } }, place) => {
    const at = place.at('algorithm').at('normalization');
    const { adaptiveRange, fixedRange } = normalization;
    if (adaptiveRange !== undefined && fixedRange !== undefined) at.error('must not have both adaptiveRange and fixedRange');
    if (fixedRange !== undefined && fixedRange.min >= fixedRange.max) at.at('fixedRange').error(`min (${fixedRange.min}) must be less than max (${fixedRange.max})`);
  },
  create: ({ attributeKey, algorithm: { type, normalization } }) => {
    const lowerIsBetter = type === 'linear_lower_is_better';
    return {
      score(decision, candidates, scores) {
        const { min, max } = normalization.fixedRange ?? extremes(candidates, (candidate) => attributeOf(decision, candidate, attributeKey));
        for (let i = 0; i < candidates.length; i++) {
          const value = attributeOf(decision, candidates[i] as Endpoint, attributeKey);
          if (value === undefined) scores[i] = 0;
          else if (min === max) scores[i] = 1;
          else {
            const share = Math.max(0, Math.min(1, (value - min) / (max - min)));
            scores[i] = lowerIsBetter ? 1 - share : share;
          }
        }
      },
    };
  },
});

function extremes(candidates: readonly Endpoint[], valueOf: (candidate: Endpoint) => number | undefined): { min: number; max: number } {
  let [min, max] = [Infinity, -Infinity];
  for (const candidate of candidates) {
    const value = valueOf(candidate);
    if (value === undefined) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  return { min, max };
}
