import { keep } from '../../keep.ts';
import { pluginType } from '../../plugin-type.ts';
import { checkSelector, matchesSelector, selectorParameters } from './label-selector.ts';

export const labelSelectorFilter = pluginType({
  type: 'label-selector-filter',
  kinds: ['filter'],
  about: 'Keeps servers whose Pods a label selector matches.',
  parameters: selectorParameters,
  check: checkSelector,
  create: (selector) => {
    const matches = matchesSelector(selector);
    return { filter: (_, candidates) => keep(candidates, matches) };
  },
});

export const byLabelSelector = pluginType({
  type: 'by-label-selector',
  kinds: ['filter'],
  about: 'The former name of `label-selector-filter`.',
  deprecated: 'use label-selector-filter',
  parameters: selectorParameters,
  check: checkSelector,
  create: (selector) => {
    const matches = matchesSelector(selector);
    return { filter: (_, candidates) => keep(candidates, matches) };
  },
});
