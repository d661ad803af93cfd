import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parse } from 'yaml';
import type { TestResult } from '../results.ts';
import type { ConformanceReport } from '../suite/report.ts';
import { testsOfProfile, type Catalogue } from '../suite/catalogue.ts';
import { suites, type Suite } from '../suite/suites.ts';
import { inferenceSubmissionPage } from './inference.ts';
import { conformancePagePath, keptFolder, keptName, readKeptRuns, type KeptResults } from './kept-run.ts';
import { conformancePage } from './page.ts';
import { submissionPage } from './submission.ts';

/** The part of results.json that is kept. */
export interface RunResults {
  readonly seconds: number;
  readonly envoy: string;
  readonly command: string;
  readonly picker?: string;
  readonly results: readonly TestResult[];
}

/** Keeps the report of a run, from its folder, and writes the pages anew. Answers the path of what is kept. */
export async function keepRun(folder: string, suite: Suite, catalogue: Catalogue): Promise<string> {
  const report = parse(await readFile(join(folder, 'report.yaml'), 'utf8')) as ConformanceReport;
  const results = keptResults(JSON.parse(await readFile(join(folder, 'results.json'), 'utf8')) as RunResults, report, { suite, catalogue });
  const path = join(keptFolder(suite), keptName(suite, report));
  await mkdir(keptFolder(suite), { recursive: true });
  // As the suite wrote it: upstream takes no other.
  await copyFile(join(folder, 'report.yaml'), `${path}-report.yaml`);
  await writeFile(`${path}-results.json`, `${JSON.stringify(results, undefined, 1)}\n`);
  await writePages();
  return relative(join(conformancePagePath, '../..'), `${path}-report.yaml`);
}

/** Writes the pages from what is kept. */
export async function writePages(): Promise<void> {
  const { gateway, inference } = suites;
  const [runs, inferenceRuns] = [readKeptRuns(gateway), readKeptRuns(inference)];
  await writeFile(conformancePagePath, conformancePage(runs, inferenceRuns));
  await writeFile(join(keptFolder(gateway), 'README.md'), submissionPage(runs));
  if (inferenceRuns.length > 0) await writeFile(join(keptFolder(inference), 'README.md'), inferenceSubmissionPage(inferenceRuns));
}

/** Options whose report speaks of less than the suite, or of somebody else. */
const partial = /--(?:run-test|skip-tests|crds|peer|picker)\b/;

/** Results with the features that the tests are about. Throws when the run was not one of whole profiles against Moongate, or says nothing of its surroundings. */
export function keptResults(run: RunResults, report: ConformanceReport, { suite, catalogue }: { readonly suite: Suite; readonly catalogue: Catalogue }): KeptResults {
  const { seconds, envoy, command, picker, results } = run;
  const names = (report.profiles ?? []).map(({ name }) => name).sort();
  const byName = new Map(results.map((result) => [result.name, result]));
  const tests = new Set(names.flatMap((name) => testsOfProfile(catalogue, name).map((test) => test.name)));
  if (envoy === undefined || command === undefined) throw new Error('results.json does not say which Envoy it was, and by which command');
  if (partial.test(command)) throw new Error(`not the report of a whole run: ${command}`);
  const missing = [...tests].filter((name) => !byName.has(name));
  if (missing.length > 0) throw new Error(`not the report of a whole run: it lacks ${missing.length} tests, ${missing[0]} among them`);
  return {
    suite: suite.version,
    ...(picker !== undefined && { picker }),
    envoy,
    command,
    seconds,
    profiles: Object.fromEntries(names.map((name) => [name, catalogue.profiles[name] ?? { core: [], extended: [] }])),
    tests: catalogue.tests
      .filter(({ name }) => tests.has(name))
      .map(({ name, features }) => ({ name, features, outcome: byName.get(name)?.outcome ?? 'unfinished', seconds: Number((byName.get(name)?.seconds ?? 0).toFixed(1)) })),
  };
}
