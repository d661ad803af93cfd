import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import type { ConformanceReport } from '../suite/report.ts';
import type { Profile } from '../suite/catalogue.ts';
import { suites } from '../suite/suites.ts';
import type { Suite } from '../suite/suites.ts';
import type { Outcome } from '../output.ts';

/** A run whose report is kept, with what the report leaves out. */
export interface KeptRun {
  /** The start of the names of its files: `experimental-v0.1.0-default`. */
  readonly name: string;
  readonly report: ConformanceReport;
  readonly results: KeptResults;
}

/** What the suite says while it runs, and its report leaves out. */
export interface KeptResults {
  /** The suite's version. */
  readonly suite: string;
  /** What played the part of the suite's endpoint picker, where it has one. */
  readonly picker?: string;
  /** Envoy's, such as 1.40.0. */
  readonly envoy: string;
  /** What repeats the run. */
  readonly command: string;
  readonly seconds: number;
  /** Features of the profiles that were run, by profile. */
  readonly profiles: Readonly<Record<string, Profile>>;
  /** In the order in which they ran. */
  readonly tests: readonly KeptTest[];
}

export interface KeptTest {
  readonly name: string;
  readonly features: readonly string[];
  readonly outcome: Outcome | 'unfinished';
  readonly seconds: number;
}

/** Where pages are, and reports of all suites. */
const docs = join(import.meta.dirname, '../../../docs');
export const conformancePagePath = join(docs, 'conformance.md');

/** Where reports of a suite are kept. */
export function keptFolder(suite: Suite): string {
  return suite === suites.gateway ? join(docs, 'conformance') : join(docs, 'conformance', suite.name);
}

/** The name under which a report is kept: what upstream of the suite wants, without `-report.yaml`. */
export function keptName(suite: Suite, { gatewayAPIChannel, implementation, mode }: ConformanceReport): string {
  const name = `${gatewayAPIChannel}-${implementation.version}-${mode}`;
  return suite === suites.gateway ? name : `${name}-gateway`;
}

/** All runs of a suite that are kept, by name. */
export function readKeptRuns(suite: Suite = suites.gateway): KeptRun[] {
  const folder = keptFolder(suite);
  return globSync('*-report.yaml', { cwd: folder }).sort().map((file) => {
    const name = basename(file, '-report.yaml');
    return {
      name,
      report: parse(readFileSync(join(folder, file), 'utf8')) as ConformanceReport,
      results: JSON.parse(readFileSync(join(folder, `${name}-results.json`), 'utf8')) as KeptResults,
    };
  });
}
