import { nothingExpected } from './expected.ts';
import type { Expected, ProfileExpectation } from './expected.ts';
import type { TestResult } from './results.ts';
import { testsOfProfile } from './suite/catalogue.ts';
import type { Catalogue, ProfileTest } from './suite/catalogue.ts';

/** How many names a sentence lists. */
const shown = 3;

/** The results of a profile, counted, and what is not as expected. */
export interface ProfileOutcome {
  readonly profile: string;
  readonly core: Count;
  readonly extended: Count;
  /** Features that are not claimed, and how many tests were skipped for each. A test that needs several counts for the first. */
  readonly notClaimed: ReadonlyMap<string, number>;
  /** Results that differ from what is expected, a sentence each. None: all is well. */
  readonly surprises: readonly string[];
}

/** Tests that passed, and tests of which that is asked: all but those that were rightly skipped for a feature that is not claimed. */
export interface Count {
  readonly passed: number;
  readonly of: number;
}

/** What to compare. */
export interface Comparison {
  readonly catalogue: Catalogue;
  readonly profiles: readonly string[];
  readonly expected: Expected;
  readonly results: readonly TestResult[];
  /** Whether a test was asked for. One that was not is left out of everything. Default: all were. */
  readonly asked?: (test: string) => boolean;
}

/** Holds the results against the expectations, in both ways: an expected failure that passes is a surprise as well. */
export function compare({ catalogue, profiles, expected, results, asked = () => true }: Comparison): ProfileOutcome[] {
  const byName = new Map(results.map((result) => [result.name, result]));
  return profiles.map((profile) => {
    const expectation = expected[profile] ?? nothingExpected;
    const tests = testsOfProfile(catalogue, profile).filter((test) => asked(test.name));
    const judged = tests.map((test) => judge(test, byName.get(test.name), expectation));
    return {
      profile,
      core: count(judged.filter(({ test }) => test.level === 'core')),
      extended: count(judged.filter(({ test }) => test.level === 'extended')),
      notClaimed: tally(judged.flatMap(({ feature }) => feature ?? [])),
      surprises: [...judged.flatMap(({ surprise }) => surprise ?? []), ...notRun(judged)],
    };
  });
}

interface Judged {
  readonly test: ProfileTest;
  readonly outcome: TestResult['outcome'] | 'missing';
  /** The feature for want of which it was rightly skipped. */
  readonly feature?: string;
  readonly surprise?: string;
}

function judge(test: ProfileTest, result: TestResult | undefined, { notClaimed, fails, skips }: ProfileExpectation): Judged {
  const outcome = result?.outcome ?? 'missing';
  const feature = test.features.find((each) => notClaimed[each] !== undefined);
  const wanted = feature !== undefined || skips[test.name] !== undefined ? 'skip' : fails[test.name] === undefined ? 'pass' : 'fail';
  if (outcome === wanted) return { test, outcome, ...(feature !== undefined && { feature }) };
  if (outcome === 'missing') return { test, outcome };
  return { test, outcome, surprise: `${test.name} ${words[outcome]}${partsOf(result)}, expected: ${why({ wanted, feature, reason: skips[test.name] ?? fails[test.name] })}` };
}

const words = { pass: 'passed', fail: 'failed', skip: 'was skipped', unfinished: 'did not end' } as const;

/** One sentence for all of them: when the suite cannot begin, there are a hundred. */
function notRun(judged: readonly Judged[]): string[] {
  const names = judged.filter(({ outcome }) => outcome === 'missing').map(({ test }) => test.name);
  return names.length === 0 ? [] : [`not run: ${some(names)}`];
}

function some(names: readonly string[]): string {
  return names.length <= shown ? names.join(', ') : `${names.slice(0, shown).join(', ')} and ${names.length - shown} more`;
}

function partsOf(result: TestResult | undefined): string {
  if (result?.outcome === 'skip' && result.reason !== undefined) return ` (${result.reason})`;
  const parts = result?.failedParts ?? [];
  return parts.length === 0 ? '' : ` (${some(parts)})`;
}

function why({ wanted, feature, reason }: { wanted: 'pass' | 'fail' | 'skip'; feature: string | undefined; reason: string | undefined }): string {
  if (feature !== undefined) return `a skip, since ${feature} is listed as not claimed`;
  return reason === undefined ? 'a pass' : `a ${wanted === 'fail' ? 'failure' : 'skip'} (${reason})`;
}

function count(judged: readonly Judged[]): Count {
  return { passed: judged.filter(({ outcome }) => outcome === 'pass').length, of: judged.filter(({ feature }) => feature === undefined).length };
}

function tally(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
