import { boolean, string } from '../../../config/fields.ts';
import type { Endpoint } from '../../../endpoints/endpoint.ts';
import { keep } from '../../keep.ts';
import { pluginType } from '../../plugin-type.ts';
import { tokenProducerType } from '../producer-names.ts';

/** Scores that servers outside their range can have; those inside are above. */
const outside = 0.3;

/** Of a server without the label. */
const unlabelled = 0.5;

export const contextLengthAware = pluginType({
  type: 'context-length-aware',
  kinds: ['scorer', 'filter'],
  about: 'Servers labelled with the prompt lengths that they are meant for, `min-max` in tokens: narrow ranges that fit best, ranges that do not fit least. A label that cannot be read scores 0.',
  parameters: {
    label: string({ default: 'llm-d.ai/context-length-range', about: 'label of Pods with the range' }),
    enableFiltering: boolean({ default: false, about: 'leave out servers that the prompt does not fit' }),
  },
  check: ({ label }, place) => {
    if (label === '') place.at('label').error('must not be empty');
  },
  needs: () => [tokenProducerType],
  create: ({ label, enableFiltering }) => {
    const ranges = new WeakMap<Endpoint, LengthRange | 'unlabelled' | 'unreadable'>();
    const rangeOf = (endpoint: Endpoint) => {
      const known = ranges.get(endpoint);
      if (known !== undefined) return known;
      const range = readRange(endpoint.labels[label]);
      ranges.set(endpoint, range);
      return range;
    };
    return {
      score({ request }, candidates, scores) {
        for (let i = 0; i < candidates.length; i++) {
          const range = rangeOf(candidates[i] as Endpoint);
          scores[i] = range === 'unlabelled' ? unlabelled : range === 'unreadable' ? 0 : scoreLength(request.promptTokens, range);
        }
      },
      filter({ request }, candidates) {
        if (!enableFiltering) return candidates;
        return keep(candidates, (candidate) => {
          const range = rangeOf(candidate);
          return range === 'unlabelled' || (range !== 'unreadable' && request.promptTokens >= range.min && request.promptTokens <= range.max);
        });
      },
    };
  },
});

interface LengthRange {
  readonly min: number;
  readonly max: number;
}

function readRange(text: string | undefined): LengthRange | 'unlabelled' | 'unreadable' {
  if (text === undefined) return 'unlabelled';
  const [, min, max] = /^\s*(\d{1,15})\s*-\s*(\d{1,15})\s*$/.exec(text) ?? [];
  return min === undefined || Number(min) > Number(max) ? 'unreadable' : { min: Number(min), max: Number(max) };
}

function scoreLength(tokens: number, { min, max }: LengthRange): number {
  if (tokens < min || tokens > max) return outside / (1 + Math.max(min - tokens, tokens - max) / 1000);
  const width = max - min;
  if (width === 0) return 1;
  return outside + (1 - outside) * (0.7 / (1 + width / 10_000) + (0.3 * (max - tokens)) / width);
}
