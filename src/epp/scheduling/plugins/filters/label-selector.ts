/** A Kubernetes label selector. */
import { choice, list, object, string, texts, type Values } from '../../../config/fields.ts';
import type { Place } from '../../../config/place.ts';
import type { Endpoint } from '../../../endpoints/endpoint.ts';

export const selectorParameters = {
  matchLabels: texts({ default: {}, about: 'labels and their values' }),
  matchExpressions: list(
    object(
      {
        key: string({ required: true, about: 'a label' }),
        operator: choice(['In', 'NotIn', 'Exists', 'DoesNotExist'], { required: true, about: 'what has to be with it' }),
        values: list(string({ about: 'a value' }), { about: 'for `In` and `NotIn`' }),
      },
      { about: 'one requirement' },
    ),
    { about: 'further requirements' },
  ),
};

type Selector = Values<typeof selectorParameters>;

export function checkSelector({ matchLabels, matchExpressions }: Selector, place: Place): void {
  if (Object.keys(matchLabels).length === 0 && matchExpressions.length === 0) place.error('must have matchLabels or matchExpressions');
  matchExpressions.forEach(({ operator, values }, i) => {
    const wantsValues = operator === 'In' || operator === 'NotIn';
    const at = place.at('matchExpressions').at(i).at('values');
    if (wantsValues && values.length === 0) at.error(`must not be empty for operator ${operator}`);
    if (!wantsValues && values.length > 0) at.error(`must be empty for operator ${operator}`);
  });
}

export function matchesSelector({ matchLabels, matchExpressions }: Selector): (endpoint: Endpoint) => boolean {
  const equal = Object.entries(matchLabels);
  return ({ labels }) => equal.every(([key, value]) => labels[key] === value) && matchExpressions.every(({ key, operator, values }) => {
    const value = labels[key];
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value);
      case 'NotIn':
        return value === undefined || !values.includes(value);
      case 'Exists':
        return value !== undefined;
      case 'DoesNotExist':
        return value === undefined;
    }
  });
}
