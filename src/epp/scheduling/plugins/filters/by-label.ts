import { boolean, list, string } from '../../../config/fields.ts';
import type { Endpoint } from '../../../endpoints/endpoint.ts';
import { keep } from '../../keep.ts';
import { pluginType } from '../../plugin-type.ts';

export const byLabel = pluginType({
  type: 'by-label',
  kinds: ['filter'],
  about: 'Keeps servers whose Pods have a label with one of some values.',
  deprecated: 'use label-selector-filter',
  parameters: {
    label: string({ required: true, about: 'the label' }),
    validValues: list(string({ about: 'a value' }), { about: 'values that pass' }),
    allowsNoLabel: boolean({ default: false, about: 'whether Pods without the label pass' }),
  },
  check: ({ validValues, allowsNoLabel }, place) => {
    if (validValues.length === 0 && !allowsNoLabel) place.at('validValues').error('must not be empty unless allowsNoLabel is true');
  },
  create: ({ label, validValues, allowsNoLabel }) => ({ filter: (_, candidates) => keep(candidates, labelled(label, validValues, allowsNoLabel)) }),
});

/** Tells whether a label has one of these values. */
export function labelled(label: string, values: readonly string[], orNone: boolean): (endpoint: Endpoint) => boolean {
  const valid = new Set(values);
  return ({ labels }) => {
    const value = labels[label];
    return value === undefined ? orNone : valid.has(value);
  };
}
