import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import type { ConformanceReport } from '../suite/report.ts';
import type { Profile } from '../suite/catalogue.ts';
import type { Outcome } from '../output.ts';

/** A run whose report is kept, with what the report leaves out. */
export interface KeptRun {
  /** The start of the names of its files, which is that of a report upstream: `experimental-v0.1.0-default`. */
  readonly name: string;
  readonly report: ConformanceReport;
  readonly results: KeptResults;
}

/** What the suite says while it runs, and its report leaves out. */
export interface KeptResults {
  /** The suite's version. */
  readonly suite: string;
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

/** Where reports are kept. */
export const keptFolder = join(import.meta.dirname, '../../../docs/conformance');

/** All runs that are kept, by name. */
export function readKeptRuns(folder: string = keptFolder): KeptRun[] {
  return globSync('*-report.yaml', { cwd: folder }).sort().map((file) => {
    const name = basename(file, '-report.yaml');
    return {
      name,
      report: parse(readFileSync(join(folder, file), 'utf8')) as ConformanceReport,
      results: JSON.parse(readFileSync(join(folder, `${name}-results.json`), 'utf8')) as KeptResults,
    };
  });
}
