import type { GoldenCase } from './case.ts';

/** The order in which the areas are best read; others follow. */
const readingOrder = [
  'first-steps', 'gateway-class', 'listeners', 'listener-sets', 'tls', 'attaching', 'default-gateways', 'hostnames', 'matching', 'precedence', 'filters', 'grpc', 'connections', 'backends', 'inference', 'timeouts-and-retries', 'sessions',
  'traffic-policies', 'telemetry', 'references', 'bad-input',
];

/** test/golden/README.md: what can be learned where. */
export function tableOfContents(cases: readonly GoldenCase[]): string {
  const areas = Map.groupBy(cases, ({ area }) => area);
  const lines = [
    '# What the gateway does, by example',
    '',
    'Each folder is a case: `resources.yaml` goes in, `status.yaml` (conditions), `ir.yaml` (our vocabulary) and `xds.yaml`',
    '(what Envoy is sent) come out; `problems.yaml` where the objects themselves are wrong. `options.yaml` says what is unusual',
    'about the surroundings. `npm run golden -- --update` writes the outputs and this page anew; look at the difference before',
    'you commit it.',
  ];
  const place = (area: string): number => (readingOrder.indexOf(area) + 1 || readingOrder.length + 1);
  for (const [area, own] of [...areas].toSorted(([a], [b]) => place(a) - place(b))) {
    lines.push('', `## ${area}`, '', ...own.map(({ name, sentence }) => `- [${sentence}](${name}/resources.yaml)`));
  }
  return `${lines.join('\n')}\n`;
}
