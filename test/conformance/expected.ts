import { parse } from 'yaml';
import { messageOf } from '../../src/util/error-message.ts';
import { testsOfProfile } from './suite/catalogue.ts';
import type { Catalogue } from './suite/catalogue.ts';

/** What is not expected to pass, by profile. A profile that is not named is expected to pass as a whole. */
export type Expected = Readonly<Record<string, ProfileExpectation>>;

/** Names with a reason each. */
export interface ProfileExpectation {
  /** Features that the GatewayClass does not claim: tests that need one of them are skipped. */
  readonly notClaimed: Reasons;
  readonly fails: Reasons;
  readonly skips: Reasons;
}

export type Reasons = Readonly<Record<string, string>>;

/** A list without entries. */
export const nothingExpected: ProfileExpectation = { notClaimed: {}, fails: {}, skips: {} };

const fields = ['notClaimed', 'fails', 'skips'] as const;

/**
 * Reads a list of expectations from YAML. Throws one error that names all that is wrong: a profile, feature or test that
 * the suite does not have or that does not belong to the profile would never be compared with anything.
 */
export function readExpected(text: string, file: string, catalogue: Catalogue): Expected {
  const problems: string[] = [];
  const expected = Object.fromEntries(
    Object.entries(asRecord(parseYaml(text, file))).map(([profile, value]) => [profile, readProfile({ profile, value, catalogue, problems })]),
  );
  if (problems.length > 0) throw new Error(`${file}: ${problems.join('; ')}`);
  return expected;
}

/** The same, with features of some profiles not claimed, for one reason. */
export function withoutFeatures(expected: Expected, { catalogue, profiles, features, reason }: WithoutFeatures): Expected {
  const entries = profiles.map((name) => {
    const expectation = expected[name] ?? nothingExpected;
    const lacking = (catalogue.profiles[name]?.extended ?? []).filter((feature) => features.includes(feature));
    return [name, { ...expectation, notClaimed: { ...Object.fromEntries(lacking.map((feature) => [feature, reason])), ...expectation.notClaimed } }] as const;
  });
  return { ...expected, ...Object.fromEntries(entries) };
}

export interface WithoutFeatures {
  readonly catalogue: Catalogue;
  readonly profiles: readonly string[];
  readonly features: readonly string[];
  readonly reason: string;
}

function readProfile({ profile, value, catalogue, problems }: { profile: string; value: unknown; catalogue: Catalogue; problems: string[] }): ProfileExpectation {
  const known = catalogue.profiles[profile];
  if (known === undefined) {
    problems.push(`${profile}: the suite has no such profile`);
    return nothingExpected;
  }
  const tests = testsOfProfile(catalogue, profile).map((test) => test.name);
  const names = { notClaimed: known.extended, fails: tests, skips: tests };
  const record = asRecord(value);
  problems.push(...Object.keys(record).filter((key) => !fields.some((field) => field === key)).map((key) => `${profile}.${key}: no such field`));
  const [notClaimed, fails, skips] = fields.map((field) => readReasons({ value: record[field], names: names[field], path: `${profile}.${field}`, problems }));
  return { notClaimed: notClaimed ?? {}, fails: fails ?? {}, skips: skips ?? {} };
}

function readReasons({ value, names, path, problems }: { value: unknown; names: readonly string[]; path: string; problems: string[] }): Reasons {
  const entries = Object.entries(asRecord(value));
  for (const [name, reason] of entries) {
    if (!names.includes(name)) problems.push(`${path}.${name}: not in this profile`);
    if (typeof reason !== 'string' || reason === '') problems.push(`${path}.${name}: has no reason`);
  }
  return Object.fromEntries(entries.map(([name, reason]) => [name, String(reason)]));
}

function parseYaml(text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new Error(`${file}: ${messageOf(error)}`, { cause: error });
  }
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
