import { boolean, choice, number, object, string } from '../../../config/fields.ts';
import { attributeOf } from '../../attribute.ts';
import { keep } from '../../keep.ts';
import { pluginType } from '../../plugin-type.ts';

const holds = {
  LessThan: (a: number, b: number) => a < b,
  LessThanOrEqual: (a: number, b: number) => a <= b,
  GreaterThan: (a: number, b: number) => a > b,
  GreaterThanOrEqual: (a: number, b: number) => a >= b,
  Equal: (a: number, b: number) => a === b,
  NotEqual: (a: number, b: number) => a !== b,
} as const;

const operators = ['LessThan', 'LessThanOrEqual', 'GreaterThan', 'GreaterThanOrEqual', 'Equal', 'NotEqual'] as const;

export const endpointAttributeFilter = pluginType({
  type: 'endpoint-attribute-filter',
  kinds: ['filter'],
  alpha: true,
  about: 'Keeps servers with an attribute that compares well with a number.',
  parameters: {
    attribute: string({ required: true, about: 'the attribute, of `customMetrics` or of a data producer' }),
    producer: string({ about: 'accepted for compatibility: keys are looked up among all attributes' }),
    algorithm: object(
      {
        type: choice(['threshold'], { required: true, about: 'how values are judged' }),
        threshold: object({ operator: choice(operators, { required: true, about: 'of the attribute with the value' }), value: number({ default: 0, about: 'the value' }) }, { about: 'the comparison' }),
      },
      { about: 'what passes' },
    ),
    onMissing: choice(['Pass', 'Fail'], { default: 'Pass', about: 'servers without the attribute' }),
    fallbackOnEmpty: boolean({ default: false, about: 'keep all when nobody passes' }),
  },
  create: ({ attribute, algorithm: { threshold }, onMissing, fallbackOnEmpty }) => {
    const compare = holds[threshold.operator];
    return {
      filter(decision, candidates) {
        const kept = keep(candidates, (candidate) => {
          const value = attributeOf(decision, candidate, attribute);
          return value === undefined ? onMissing === 'Pass' : compare(value, threshold.value);
        });
        return kept.length === 0 && fallbackOnEmpty ? candidates : kept;
      },
    };
  },
});
