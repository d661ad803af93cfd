import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { suites } from '../suite/suites.ts';
import { inferenceSubmissionPage } from './inference.ts';
import { conformancePagePath, keptFolder, keptName, readKeptRuns, type KeptRun } from './kept-run.ts';
import { conformancePage } from './page.ts';
import { submissionPage } from './submission.ts';

function run(channel: string, { unsupported = [], outcome = 'pass' }: { readonly unsupported?: readonly string[]; readonly outcome?: 'pass' | 'skip' | 'fail' } = {}): KeptRun {
  const implementation = { organization: 'o', project: 'p', url: 'https://p.example', version: 'v1.0.0' };
  const passed = outcome === 'pass' ? 1 : 0;
  const statistics = { Passed: passed, Failed: outcome === 'fail' ? 1 : 0, Skipped: 0 };
  return {
    name: `${channel}-v1.0.0-default`,
    report: {
      date: '2026-01-31T10:00:00Z',
      mode: 'default',
      gatewayAPIChannel: channel,
      gatewayAPIVersion: 'v1.6.3',
      implementation,
      profiles: [{ name: 'GATEWAY-HTTP', core: { result: 'success', statistics: { Passed: 1, Failed: 0, Skipped: 0 } }, extended: { result: 'success', statistics, unsupportedFeatures: unsupported } }],
    },
    results: {
      suite: 'v1.6.3',
      envoy: '1.40.0',
      command: 'npm run conformance',
      seconds: 61,
      profiles: { 'GATEWAY-HTTP': { core: ['Gateway'], extended: ['Retry'] } },
      tests: [
        { name: 'Simple', features: ['Gateway'], outcome: 'pass', seconds: 1.25 },
        { name: 'Retries', features: ['Gateway', 'Retry'], outcome, seconds: 0 },
      ],
    },
  };
}

function rows(page: string, start: string): string[] {
  return page.split('\n').filter((line) => line.startsWith(`| ${start} `));
}

test('the page has each profile, feature and test with what became of it, by channel', () => {
  const page = conformancePage([run('experimental'), run('standard', { unsupported: ['Retry'], outcome: 'skip' })]);
  assert.deepEqual(rows(page, 'experimental'), ['| experimental | v1.6.3 | v1.6.3 | 2026-01-31 | v1.0.0 | 1.40.0 | default | 61 s | `npm run conformance` |']);
  assert.deepEqual(rows(page, 'GATEWAY-HTTP'), ['| GATEWAY-HTTP | 1/1, success | 1/1, success | 1/1, success | 0/0, success |']);
  assert.deepEqual(rows(page, 'Gateway'), ['| Gateway | HTTP |  | 2/2 | 1/1 |']);
  assert.deepEqual(rows(page, 'Retry'), ['| Retry |  | HTTP | 1/1 | not claimed |']);
  assert.deepEqual(rows(page, 'Retries'), ['| Retries | Gateway, Retry | pass, 0.0 s | skipped |']);
});

test('a failure is to be seen in all three tables', () => {
  const page = conformancePage([run('experimental', { outcome: 'fail' })]);
  assert.deepEqual(rows(page, 'GATEWAY-HTTP'), ['| GATEWAY-HTTP | 1/1, success | 0/1, success |']);
  assert.deepEqual(rows(page, 'Retry'), ['| Retry |  | HTTP | 0/1 |']);
  assert.deepEqual(rows(page, 'Retries'), ['| Retries | Gateway, Retry | FAIL, 0.0 s |']);
});

test('runs of the Inference Extension are a section of their own, with the picker that was asked', () => {
  const inference = run('experimental');
  const page = conformancePage([run('standard')], [{ ...inference, results: { ...inference.results, suite: 'v1.6.0', picker: 'a picker', command: 'npm run conformance:inference' } }]);
  assert.deepEqual(rows(page.slice(page.indexOf('## Inference Extension')), 'experimental'), [
    '| experimental | v1.6.0 | v1.6.3 | 1/1 | a picker | 2026-01-31 | v1.0.0 | 1.40.0 | 61 s | `npm run conformance:inference` |',
  ]);
});

test('the READMEs for upstream link each report by its name', () => {
  assert.deepEqual(rows(submissionPage([run('standard')]), 'standard'), ['| standard | [v1.0.0](https://p.example) | default | [v1.0.0 report](./standard-v1.0.0-default-report.yaml) |']);
  const inference = run('standard');
  const kept = { ...inference, name: keptName(suites.inference, inference.report), report: { ...inference.report, GatewayAPIInferenceExtensionVersion: 'v1.6.0' } };
  assert.deepEqual(rows(inferenceSubmissionPage([kept]), 'v1.6.0'), ['| v1.6.0 | Gateway | [v1.0.0](https://p.example) | default | [v1.0.0 Gateway report](./standard-v1.0.0-default-gateway-report.yaml) |']);
});

test('the pages in docs/ are those of the reports that are kept there', () => {
  const { gateway, inference } = suites;
  const [runs, inferenceRuns] = [readKeptRuns(gateway), readKeptRuns(inference)];
  assert.ok(runs.length > 0);
  assert.equal(readFileSync(conformancePagePath, 'utf8'), conformancePage(runs, inferenceRuns));
  assert.equal(readFileSync(join(keptFolder(gateway), 'README.md'), 'utf8'), submissionPage(runs));
  const readme = join(keptFolder(inference), 'README.md');
  assert.equal(existsSync(readme) ? readFileSync(readme, 'utf8') : undefined, inferenceRuns.length > 0 ? inferenceSubmissionPage(inferenceRuns) : undefined);
  for (const { name, report } of runs) assert.equal(name, keptName(gateway, report));
  for (const { name, report } of inferenceRuns) assert.equal(name, keptName(inference, report));
});
