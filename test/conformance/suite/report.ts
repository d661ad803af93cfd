import { parse } from 'yaml';
import type { ProfileOutcome } from '../compare.ts';

/**
 * Holds the suite's own report against what its output said, and answers the differences, a sentence each. The report is
 * written by the suite from results of its own, and in some versions before the parallel tests have run.
 */
export function differencesFromReport(text: string | undefined, outcomes: readonly ProfileOutcome[]): string[] {
  if (text === undefined) return ['the suite has written no report'];
  const profiles = ((parse(text) ?? {}) as Partial<ConformanceReport>).profiles ?? [];
  return outcomes.flatMap(({ profile, core, extended }) => {
    const reported = profiles.find(({ name }) => name === profile);
    if (reported === undefined) return [`the report lacks ${profile}`];
    const levels = [['core', core.passed, reported.core], ['extended', extended.passed, reported.extended]] as const;
    return levels
      .filter(([, passed, level]) => (level?.statistics?.Passed ?? 0) !== passed)
      .map(([name, passed, level]) => `the report says that ${level?.statistics?.Passed ?? 0} ${name} tests of ${profile} passed, the output says ${passed}`);
  });
}

/** The suite's report, as much of it as is read. */
export interface ConformanceReport {
  readonly date: string;
  readonly mode: string;
  readonly gatewayAPIChannel: string;
  readonly gatewayAPIVersion: string;
  /** In reports of the Inference Extension's suite. */
  readonly GatewayAPIInferenceExtensionVersion?: string;
  readonly implementation: { readonly organization: string; readonly project: string; readonly url: string; readonly version: string };
  /** A run that fails before its first test has null. */
  readonly profiles?: readonly ReportedProfile[] | null;
}

interface ReportedProfile {
  readonly name: string;
  readonly core?: Level;
  readonly extended?: Level;
}

/** The core or the extended tests of a profile. */
export interface Level {
  readonly result?: string;
  readonly statistics?: { readonly Passed?: number; readonly Failed?: number; readonly Skipped?: number };
  readonly unsupportedFeatures?: readonly string[];
}
