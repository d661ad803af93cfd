import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { apiVersions } from '../../src/app/versions.ts';
import { ensureProgram } from '../cluster/tools/ensure.ts';
import { moduleFolder } from '../cluster/tools/go.ts';
import { kubernetes } from '../cluster/tools/recipes.ts';
import { applyClass, className, supportedFeatures } from './class.ts';
import { compare } from './compare.ts';
import type { ProfileOutcome } from './compare.ts';
import { gatewayApiCrds } from './crds.ts';
import { readExpected, withoutFeatures } from './expected.ts';
import type { Expected } from './expected.ts';
import { makeReportFolder } from './folder.ts';
import { commandOf, expectedFile } from './options.ts';
import type { Options } from './options.ts';
import { progressLines } from './progress.ts';
import type { TestResult } from './results.ts';
import { dumpState } from './state/dump.ts';
import { SlowTests } from './state/slow-tests.ts';
import { featuresOf, plannedTests, readCatalogue, testsOfProfile } from './suite/catalogue.ts';
import type { Catalogue } from './suite/catalogue.ts';
import { claimedFeatures } from './suite/claims.ts';
import { missingFeatures } from './suite/missing-features.ts';
import { pickers } from './suite/pickers.ts';
import { suiteProgram } from './suite/recipe.ts';
import { differencesFromReport } from './suite/report.ts';
import { runSuite } from './suite/run.ts';
import { summaryLine } from './summary.ts';
import type { Target } from './target.ts';

/** More than any run takes that still gets anywhere. */
const suiteMinutes = 40;
/** A test that takes longer than this (ms) waits for something that may never come. */
const patienceMs = 15_000;

/** What a run needs besides its options. */
export interface Surroundings {
  readonly startTarget: () => Promise<Target>;
  readonly print: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Runs the suite and answers whether all was as expected. */
export async function runConformance(options: Options, { startTarget, print, signal }: Surroundings): Promise<boolean> {
  const { suite } = options;
  const program = await ensureProgram(suite.recipe, suiteProgram, print);
  const kubectl = await ensureProgram(kubernetes.kubectl, 'kubectl', print);
  const catalogue = await readCatalogue(program);
  const definitions = { channel: options.channel, version: options.crds };
  const missing = await missingFeatures(catalogue, { suiteFolder: await moduleFolder(suite.module), crdFiles: await gatewayApiCrds(definitions) });
  const expected = await expectations(options, catalogue, missing);
  const asked = whatIsAsked(options, catalogue);

  await using target = await startTarget();
  const { kubeconfig, implementation, controllerNamespace } = target;
  const folder = await makeReportFolder(implementation.project, new Date());
  const dump = (to: string): Promise<void> => dumpState({ kubectl, kubeconfig, folder: to, controllerNamespace });
  if (options.gatewayClass === undefined) await applyClass({ kubectl, kubeconfig, controllerNamespace });
  const gatewayClass = options.gatewayClass ?? className;
  const { runTest, profiles } = options;
  const supported = options.peer === undefined ? await supportedFeatures({ kubectl, kubeconfig, gatewayClass, signal }) : featuresOf(catalogue, profiles, (profile, feature) => expected[profile]?.notClaimed[feature] !== undefined);
  const claimed = claimedFeatures({ catalogue, supported, missing, runTest }) ?? (options.peer === undefined ? undefined : supported);
  const planned = runTest === undefined ? plannedTests(catalogue, { profiles, supported: claimed ?? supported }) : new Set([runTest]);

  const slow = new SlowTests({ folder: join(folder, 'state'), patience: patienceMs, dump });
  let done = 0;
  const total = [...planned].filter(asked).length;
  print(`running ${total} tests against ${implementation.project} ${implementation.version}; log: ${join(folder, 'log.txt')}`);
  const begin = performance.now();
  const report = join(folder, 'report.yaml');
  const end = await runSuite({
    program,
    kubeconfig,
    log: join(folder, 'log.txt'),
    arguments: {
      gatewayClass,
      profiles: options.profiles,
      report,
      addresses: target.addresses,
      implementation,
      ...(claimed !== undefined && { supportedFeatures: claimed }),
      otherCrds: options.crds !== suite.gatewayApi,
      ...(options.runTest !== undefined && { runTest: options.runTest }),
      skipTests: options.skipTests,
      parallel: options.parallel,
      minutes: suiteMinutes,
    },
    onResult: (result) => {
      if (result.outcome !== 'fail') slow.passed(result.name);
      if (!planned.has(result.name) || !asked(result.name)) return;
      done += 1;
      for (const line of progressLines(result, `${String(done).padStart(String(total).length)}/${total}`)) print(line);
    },
    onRunning: (tests) => slow.running(tests),
    signal,
  });
  await slow.stop();
  const seconds = Math.round((performance.now() - begin) / 1000);

  const results = end.results.all();
  const outcomes = compare({ catalogue, profiles: options.profiles, expected, results, asked });
  const reportText = await readFile(report, 'utf8').catch(() => undefined);
  const problems = [
    ...new Set(outcomes.flatMap((outcome) => outcome.surprises)),
    ...troubleOf(end.trouble, outcomes, results),
    ...differencesFromReport(reportText, outcomes),
  ];
  const about = { envoy: apiVersions.envoy, command: commandOf(options), ...(options.picker !== undefined && { picker: pickers[options.picker].about }) };
  await writeFile(join(folder, 'results.json'), `${JSON.stringify({ seconds, ...about, outcomes: outcomes.map(asJson), problems, results: results.map(withoutOutput) }, undefined, 1)}\n`);
  if (options.report !== undefined && reportText !== undefined) await copyFile(report, options.report);
  if (problems.length > 0) await dump(join(folder, 'state', 'end'));

  print('');
  for (const problem of problems) print(`NOT AS EXPECTED  ${problem}`);
  if (results.length === 0) for (const line of end.results.setup.slice(-20)) print(`        ${line}`);
  for (const outcome of outcomes) print(summaryLine(outcome));
  print(`${problems.length === 0 ? 'all as expected' : `${problems.length} not as expected`}, ${seconds} s; ${folder}`);
  return problems.length === 0;
}

/** With a single test the suite does not look at features, so nothing is skipped for want of one. */
async function expectations(options: Options, catalogue: Catalogue, missing: readonly string[]): Promise<Expected> {
  const { runTest, channel, crds, profiles } = options;
  const file = join(import.meta.dirname, expectedFile(options));
  const expected = readExpected(await readFile(file, 'utf8'), file, catalogue);
  if (runTest === undefined) return withoutFeatures(expected, { catalogue, profiles, features: missing, reason: `the ${channel} channel of ${crds} lacks it` });
  return Object.fromEntries(Object.entries(expected).map(([profile, expectation]) => [profile, { ...expectation, notClaimed: {} }]));
}

/** Throws when nothing that was asked for is in the profiles. */
function whatIsAsked({ profiles, runTest, skipTests }: Options, catalogue: Catalogue): (test: string) => boolean {
  const known = new Set(profiles.flatMap((profile) => testsOfProfile(catalogue, profile).map((test) => test.name)));
  for (const name of [...skipTests, ...(runTest === undefined ? [] : [runTest])]) {
    if (!known.has(name)) throw new Error(`${name}: no test of ${profiles.join(', ')}`);
  }
  return (test) => known.has(test) && !skipTests.includes(test) && (runTest === undefined || test === runTest);
}

/** A status other than 0 is said by itself only when no failed test explains it. */
function troubleOf(trouble: string | undefined, outcomes: readonly ProfileOutcome[], results: readonly TestResult[]): string[] {
  if (trouble === undefined) return [];
  const explained = results.some((result) => result.outcome === 'fail') && results.every((result) => result.outcome !== 'unfinished') && outcomes.length > 0;
  return explained && trouble === 'the suite ended with status 1' ? [] : [trouble];
}

function asJson(outcome: ProfileOutcome): object {
  return { ...outcome, notClaimed: Object.fromEntries(outcome.notClaimed) };
}

function withoutOutput(result: TestResult): object {
  return { ...result, output: undefined };
}
