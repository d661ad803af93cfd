import { integer } from '../../../config/fields.ts';
import { pluginType } from '../../plugin-type.ts';
import { isRefusal } from '../../profile-handler.ts';
import { checkOnly, finishOnly, nextOnly } from './single-profile-handler.ts';

const header = 'x-data-parallel-host-port';

export const dataParallelProfileHandler = pluginType({
  type: 'data-parallel-profile-handler',
  kinds: ['profile-handler'],
  about: `Runs the only profile, sends requests to one port of the chosen Pod, and names the port of the chosen rank in the header \`${header}\`.`,
  deprecated: 'list the ranks as targetPorts of the InferencePool, and use single-profile-handler',
  parameters: { primaryPort: integer({ default: 8000, min: 1, max: 65_535, about: 'the port that requests are sent to' }) },
  checkProfiles: (_, profiles) => checkOnly(profiles),
  create: ({ primaryPort }) => ({
    next: nextOnly,
    finish(_, results) {
      const result = finishOnly(results);
      if (isRefusal(result)) return result;
      const [first] = result.primary.endpoints;
      const addresses = result.primary.endpoints.map(({ ip }) => (ip.includes(':') ? `[${ip}]:${primaryPort}` : `${ip}:${primaryPort}`));
      return { ...result, addresses, headers: first === undefined ? [] : [[header, first.address]], removeHeaders: [header] };
    },
  }),
});
