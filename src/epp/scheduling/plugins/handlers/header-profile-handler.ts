import { string } from '../../../config/fields.ts';
import { clipped } from '../../../config/place.ts';
import { pluginType } from '../../plugin-type.ts';
import { finishOnly } from './single-profile-handler.ts';

export const headerProfileHandler = pluginType({
  type: 'header-profile-handler',
  kinds: ['profile-handler'],
  alpha: true,
  about: 'Runs the profile that a header of the request names. A profile that there is not is answered with 400. With only one profile that one is run, whatever the header says.',
  parameters: {
    headerName: string({ default: 'EPP-Profile', about: 'the header' }),
    defaultProfile: string({ default: 'decode', about: 'the profile without the header' }),
  },
  checkProfiles: ({ defaultProfile }, profiles) => (profiles.size === 1 || profiles.has(defaultProfile.trim() || 'decode') ? undefined : `defaultProfile "${clipped(defaultProfile)}" is not a scheduling profile`),
  create: ({ headerName, defaultProfile }) => {
    const header = headerName.trim().toLowerCase() || 'epp-profile';
    const fallback = defaultProfile.trim() || 'decode';
    return {
      next({ request }, profiles, results) {
        if (results.size > 0) return undefined;
        const [only] = profiles;
        const wanted = profiles.size === 1 ? only : request.headers.get(header)?.trim() || fallback;
        return wanted !== undefined && profiles.has(wanted) ? wanted : undefined;
      },
      finish({ request }, results) {
        if (results.size > 0) return finishOnly(results);
        return { kind: 'no-profile', message: `header ${header} names no scheduling profile: "${clipped(request.headers.get(header) ?? '')}"` };
      },
    };
  },
});
