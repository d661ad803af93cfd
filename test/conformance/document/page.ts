import type { Level, ConformanceReport } from '../suite/report.ts';
import { inferenceSection } from './inference.ts';
import type { KeptRun } from './kept-run.ts';
import { distinct, table, testRows } from './tables.ts';

/** docs/conformance.md: profiles, features and tests of all kept runs, those of the Inference Extension's suite last. */
export function conformancePage(runs: readonly KeptRun[], inferenceRuns: readonly KeptRun[] = []): string {
  return `${[
    '# Conformance',
    '',
    'What the [official conformance suite](https://gateway-api.sigs.k8s.io/concepts/conformance/) of the Gateway API says of Moongate. The reports as the suite wrote them are in',
    '[conformance](conformance/README.md). This page is made of them by `npm run conformance -- --document FOLDER`; see',
    '[test/conformance](../test/conformance/README.md).',
    '',
    table(['channel', 'suite', 'API', 'date', 'Moongate', 'Envoy', 'mode', 'duration', 'command'], runs.map(runRow)),
    '',
    '## Profiles',
    '',
    table(['profile', ...runs.flatMap(({ report }) => [`core, ${report.gatewayAPIChannel}`, `extended, ${report.gatewayAPIChannel}`])], profileRows(runs)),
    '',
    '## Features',
    '',
    'Every implementation of a profile has its core features; extended ones are claimed. How many of the tests that need a feature passed:',
    '',
    table(['feature', 'core in', 'extended in', ...channels(runs)], featureRows(runs)),
    '',
    '## Tests',
    '',
    'One of them: `npm run conformance -- --run-test NAME`.',
    '',
    table(['test', 'features', ...channels(runs)], testRows(runs)),
    ...inferenceSection(inferenceRuns),
  ].join('\n')}\n`;
}

function channels(runs: readonly KeptRun[]): string[] {
  return runs.map(({ report }) => report.gatewayAPIChannel);
}

function runRow({ report, results }: KeptRun): string[] {
  const { gatewayAPIChannel, gatewayAPIVersion, date, mode, implementation } = report;
  return [gatewayAPIChannel, results.suite, gatewayAPIVersion, date.slice(0, 10), implementation.version, results.envoy, mode, `${results.seconds} s`, `\`${results.command}\``];
}

function profileRows(runs: readonly KeptRun[]): string[][] {
  const names = distinct(runs.flatMap(({ report }) => (report.profiles ?? []).map(({ name }) => name)));
  return names.map((name) => [name, ...runs.flatMap(({ report }) => levels(report, name))]);
}

function levels({ profiles }: ConformanceReport, name: string): string[] {
  const profile = profiles?.find((each) => each.name === name);
  return [level(profile?.core), level(profile?.extended)];
}

function level(level: Level | undefined): string {
  if (level === undefined) return '-';
  const { Passed = 0, Failed = 0, Skipped = 0 } = level.statistics ?? {};
  return `${Passed}/${Passed + Failed + Skipped}, ${level.result ?? '-'}`;
}

function featureRows(runs: readonly KeptRun[]): string[][] {
  const places = (feature: string, which: 'core' | 'extended'): string =>
    distinct(runs.flatMap(({ results }) => Object.entries(results.profiles).filter(([, profile]) => profile[which].includes(feature)).map(([name]) => shortName(name)))).join(', ');
  const features = distinct(runs.flatMap(({ results }) => Object.values(results.profiles).flatMap(({ core, extended }) => [...core, ...extended])));
  return features.map((feature) => [feature, places(feature, 'core'), places(feature, 'extended'), ...runs.map((run) => featureResult(run, feature))]);
}

function featureResult({ report, results }: KeptRun, feature: string): string {
  const notClaimed = (report.profiles ?? []).some(({ extended }) => extended?.unsupportedFeatures?.includes(feature));
  if (notClaimed) return 'not claimed';
  const tests = results.tests.filter(({ features }) => features.includes(feature));
  // What is not claimed makes a test skipped that needs this feature as well.
  const ran = tests.filter(({ outcome }) => outcome !== 'skip');
  return tests.length === 0 ? 'no test' : `${ran.filter(({ outcome }) => outcome === 'pass').length}/${ran.length}`;
}

/** GATEWAY-HTTP → HTTP. */
function shortName(profile: string): string {
  return profile.replace(/^GATEWAY-/, '');
}
