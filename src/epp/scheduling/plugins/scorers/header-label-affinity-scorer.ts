import { string } from '../../../config/fields.ts';
import type { Endpoint } from '../../../endpoints/endpoint.ts';
import { pluginType } from '../../plugin-type.ts';

export const headerLabelAffinityScorer = pluginType({
  type: 'header-label-affinity-scorer',
  kinds: ['scorer'],
  alpha: true,
  about: '1 for servers with a label of the same value as a header of the request, 0 for others and without the header.',
  parameters: {
    headerName: string({ required: true, about: 'the header' }),
    labelKey: string({ required: true, about: 'the label of Pods' }),
  },
  create: ({ headerName, labelKey }) => {
    const header = headerName.trim().toLowerCase();
    return {
      score({ request }, candidates, scores) {
        const wanted = request.headers.get(header)?.trim() ?? '';
        for (let i = 0; i < candidates.length; i++) scores[i] = wanted !== '' && (candidates[i] as Endpoint).labels[labelKey] === wanted ? 1 : 0;
      },
    };
  },
});
