import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../cluster/tools/run.ts';

/** What is in the suite. */
export interface Catalogue {
  /** In the order in which they run. */
  readonly tests: readonly CatalogueTest[];
  /** By name, such as GATEWAY-HTTP. */
  readonly profiles: Readonly<Record<string, Profile>>;
  /** Features that are not settled yet. Some of them need fields of the experimental channel. */
  readonly experimental: readonly string[];
}

export interface CatalogueTest {
  readonly name: string;
  /** All of them have to be supported, or the test is skipped. */
  readonly features: readonly string[];
  /** Starts when the tests that are not parallel are through. */
  readonly parallel: boolean;
  readonly provisional: boolean;
  /** Files of the suite's module that it applies. */
  readonly manifests: readonly string[];
}

/** Features of a profile. Every implementation has the core ones. */
export interface Profile {
  readonly core: readonly string[];
  readonly extended: readonly string[];
}

/** A test as part of a profile. */
export interface ProfileTest extends CatalogueTest {
  readonly level: 'core' | 'extended';
}

/** Asks the suite's program what is in it. */
export async function readCatalogue(program: string): Promise<Catalogue> {
  const folder = await mkdtemp(join(tmpdir(), 'moongate-conformance-'));
  try {
    const file = join(folder, 'catalogue.json');
    await run(program, ['-test.run', '^TestCatalogue$', '-catalogue', file]);
    return JSON.parse(await readFile(file, 'utf8')) as Catalogue;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * The tests that count for a profile, as the suite's own report counts them: those that need nothing but features of the
 * profile; a single extended feature makes the test an extended one. Throws when the suite has no such profile.
 */
export function testsOfProfile(catalogue: Catalogue, name: string): ProfileTest[] {
  const profile = catalogue.profiles[name];
  if (profile === undefined) throw new Error(`the suite has no profile ${name}; it has ${Object.keys(catalogue.profiles).join(', ')}`);
  const core = new Set(profile.core);
  const all = new Set([...profile.core, ...profile.extended]);
  return catalogue.tests
    .filter((test) => test.features.every((feature) => all.has(feature)))
    .map((test) => ({ ...test, level: test.features.every((feature) => core.has(feature)) ? 'core' : 'extended' }));
}

/** The names of the tests that will run, not be skipped: the suite runs what the class supports, of whatever profile. */
export function plannedTests(catalogue: Catalogue, { profiles, supported }: Selection): Set<string> {
  const features = new Set([...supported, ...profiles.flatMap((name) => catalogue.profiles[name]?.core ?? [])]);
  return new Set(catalogue.tests.filter((test) => test.features.every((feature) => features.has(feature))).map((test) => test.name));
}

/** All features of the profiles without some. */
export function featuresOf(catalogue: Catalogue, profiles: readonly string[], without: (profile: string, feature: string) => boolean): string[] {
  const features = profiles.flatMap((name) => {
    const { core = [], extended = [] } = catalogue.profiles[name] ?? {};
    return [...core, ...extended.filter((feature) => !without(name, feature))];
  });
  return [...new Set(features)].sort();
}

export interface Selection {
  readonly profiles: readonly string[];
  /** Features that the GatewayClass says it supports. */
  readonly supported: readonly string[];
}
