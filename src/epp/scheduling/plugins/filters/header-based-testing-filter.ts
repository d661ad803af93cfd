import type { Endpoint } from '../../../endpoints/endpoint.ts';
import { pluginType } from '../../plugin-type.ts';

/** Header of the conformance suite of the Inference Extension. */
const header = 'test-epp-endpoint-selection';

export const headerBasedTestingFilter = pluginType({
  type: 'header-based-testing-filter',
  kinds: ['filter'],
  about: `For tests only: keeps the servers that the header \`${header}\` names, \`IP\` or \`IP:port\`, in its order; nobody without it.`,
  parameters: {},
  create: () => ({
    filter({ request }, candidates) {
      const named = (request.headers.get(header) ?? '').split(',').flatMap((text) => found(text.trim(), candidates));
      return [...new Set(named)];
    },
  }),
});

function found(name: string, candidates: readonly Endpoint[]): readonly Endpoint[] {
  if (name === '') return [];
  const ip = name.replaceAll(/[[\]]/g, '');
  return candidates.filter((candidate) => candidate.address === name || candidate.ip === ip);
}
