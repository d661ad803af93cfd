import type { KeptRun } from './kept-run.ts';
import { table, testRows } from './tables.ts';

/** The part of docs/conformance.md that is about the suite of the Inference Extension. */
export function inferenceSection(runs: readonly KeptRun[]): string[] {
  if (runs.length === 0) return [];
  return [
    '',
    '## Inference Extension',
    '',
    'What the official suite of the [Inference Extension](https://gateway-api-inference-extension.sigs.k8s.io/) says. All of its tests are core ones of its profile `Gateway`; the reports are in',
    '[conformance/inference](conformance/inference/README.md). The suite runs an endpoint picker for each of its pools. Its own cannot be used with requests that have a body,',
    'see [test/conformance](../test/conformance/README.md); the column says which took its place.',
    '',
    table(['channel', 'suite', 'Gateway API', 'passed', 'picker', 'date', 'Moongate', 'Envoy', 'duration', 'command'], runs.map(runRow)),
    '',
    table(['test', 'features', ...runs.map(({ report }) => report.gatewayAPIChannel)], testRows(runs)),
  ];
}

function runRow({ report, results }: KeptRun): string[] {
  const { Passed = 0, Failed = 0, Skipped = 0 } = report.profiles?.[0]?.core?.statistics ?? {};
  return [
    report.gatewayAPIChannel, results.suite, report.gatewayAPIVersion, `${Passed}/${Passed + Failed + Skipped}`, results.picker ?? '-', report.date.slice(0, 10), report.implementation.version, results.envoy,
    `${results.seconds} s`, `\`${results.command}\``,
  ];
}

/**
 * The README that upstream wants beside the reports of an implementation.
 * https://github.com/kubernetes-sigs/gateway-api-inference-extension/blob/main/conformance/reports/README.md
 */
export function inferenceSubmissionPage(runs: readonly KeptRun[]): string {
  return `${[
    '# Moongate (Gateway Profile Conformance)',
    '',
    'An API gateway and LLM inference gateway: the Kubernetes Gateway API, served by real Envoy proxies.',
    '',
    '## Table of Contents',
    '',
    table(['Extension Version Tested', 'Profile Tested', 'Implementation Version', 'Mode', 'Report'], runs.map(({ name, report }) => {
      const { GatewayAPIInferenceExtensionVersion: extension = '-', implementation: { version, url }, mode } = report;
      return [extension, 'Gateway', `[${version}](${url})`, mode, `[${version} Gateway report](./${name}-report.yaml)`];
    })),
    '',
    '## Reproduce',
    '',
    'As root on Linux with Go, Node 20 or later with npm, and Python 3 with pip, in a checkout of the version:',
    '',
    ...runs.map(({ results }) => `    npm ci && ${results.command}    # picker: ${results.picker ?? '-'}; ${Math.ceil(results.seconds / 60)} min`),
    '',
    'It makes a Kubernetes cluster on the machine, installs the CustomResourceDefinitions and Moongate, and runs the suite; the report is written to a folder',
    'whose name is printed at the end. The endpoint picker runs under the name of the image that the suite asks for.',
  ].join('\n')}\n`;
}
