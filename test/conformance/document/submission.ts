import type { KeptRun } from './kept-run.ts';
import { table } from './tables.ts';

/**
 * The README that upstream wants beside the reports of an implementation.
 * https://github.com/kubernetes-sigs/gateway-api/blob/main/conformance/reports/README.md
 */
export function submissionPage(runs: readonly KeptRun[]): string {
  return `${[
    '# Moongate',
    '',
    'An API gateway and LLM inference gateway: the Kubernetes Gateway API, served by real Envoy proxies.',
    '',
    '## Table of contents',
    '',
    table(['API channel', 'Implementation version', 'Mode', 'Report'], runs.map(({ name, report: { gatewayAPIChannel, implementation, mode } }) => [
      gatewayAPIChannel, `[${implementation.version}](${implementation.url})`, mode, `[${implementation.version} report](./${name}-report.yaml)`,
    ])),
    '',
    '## Reproduce',
    '',
    'As root on Linux with Go, Node 20 or later with npm, and Python 3 with pip, in a checkout of the version:',
    '',
    ...runs.flatMap(({ report, results }) => [`    npm ci && ${results.command}    # channel ${report.gatewayAPIChannel}, ${Math.ceil(results.seconds / 60)} min`]),
    '',
    'It makes a Kubernetes cluster on the machine, installs the CustomResourceDefinitions and Moongate, and runs the suite; the report is written to a folder',
    'whose name is printed at the end.',
  ].join('\n')}\n`;
}
