import { parse } from 'yaml';
import type { ProfileOutcome } from '../compare.ts';

/**
 * Holds the suite's own report against what its output said, and answers the differences, a sentence each. The report is
 * written by the suite from results of its own, and in some versions before the parallel tests have run.
 */
export function differencesFromReport(text: string | undefined, outcomes: readonly ProfileOutcome[]): string[] {
  if (text === undefined) return ['the suite has written no report'];
  // A run that fails before its first test reports `profiles: null`.
  const profiles = ((parse(text) ?? {}) as { profiles?: readonly ReportedProfile[] | null }).profiles ?? [];
  return outcomes.flatMap(({ profile, core, extended }) => {
    const reported = profiles.find(({ name }) => name === profile);
    if (reported === undefined) return [`the report lacks ${profile}`];
    const levels = [['core', core.passed, reported.core], ['extended', extended.passed, reported.extended]] as const;
    return levels
      .filter(([, passed, level]) => (level?.statistics?.Passed ?? 0) !== passed)
      .map(([name, passed, level]) => `the report says that ${level?.statistics?.Passed ?? 0} ${name} tests of ${profile} passed, the output says ${passed}`);
  });
}

interface ReportedProfile {
  readonly name: string;
  readonly core?: ReportedLevel;
  readonly extended?: ReportedLevel;
}

interface ReportedLevel {
  readonly statistics?: { readonly Passed?: number };
}
