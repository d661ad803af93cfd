import { pluginType } from '../../plugin-type.ts';
import { nobodyIn, onlyResult, type ProfileHandler, type ProfileResults } from '../../profile-handler.ts';

export const singleProfileHandler = pluginType({
  type: 'single-profile-handler',
  kinds: ['profile-handler'],
  about: 'Runs the only profile.',
  parameters: {},
  checkProfiles: (_, profiles) => checkOnly(profiles),
  create: () => ({ next: nextOnly, finish: (_, results) => finishOnly(results) }),
});

export function checkOnly(profiles: ReadonlySet<string>): string | undefined {
  return profiles.size === 1 ? undefined : `needs exactly one scheduling profile, not ${profiles.size}`;
}

/** Runs the only profile. */
export const nextOnly: ProfileHandler['next'] = (_, profiles, results) => {
  const [only] = profiles;
  return results.size === 0 ? only : undefined;
};

export function finishOnly(results: ProfileResults): ReturnType<ProfileHandler['finish']> {
  for (const [profile, result] of results) return result === undefined ? nobodyIn(profile) : onlyResult(result);
  return { kind: 'no-profile', message: 'no scheduling profile was run' };
}
