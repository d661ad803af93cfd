// Measures Moongate on a real Kubernetes, and Envoy Gateway on one like it: `npm run bench:kube -- --help`.
import { writeFileSync } from 'node:fs';
import { measureAttach } from './kubernetes/attach.ts';
import { measureChange } from './kubernetes/change.ts';
import { help, parseOptions, type Options, type Product, type Scenario } from './kubernetes/options.ts';
import { fill, measurePropagation } from './kubernetes/propagation.ts';
import { measureScale } from './kubernetes/scale.ts';
import { setStage, type Stage } from './kubernetes/stage.ts';
import { table, type Row } from './kubernetes/table.ts';
import { measureTraffic } from './kubernetes/traffic.ts';

const options = parseOptions(process.argv.slice(2));
if (options === 'help') console.log(help);
else await main(options);

async function main(options: Options): Promise<void> {
  const results: { scenario: Scenario; product: Product; result: object }[] = [];
  for (const scenario of options.scenarios) {
    for (const product of options.products) {
      // A cluster of its own for each measurement: what one leaves behind must not weigh on the next.
      await using stage = await setStage(product, (message) => console.error(`${product}: ${message}`));
      for await (const result of measure(scenario, stage, options)) {
        results.push({ scenario, product, result });
        console.error(`${product}: ${scenario} ${JSON.stringify(result)}`);
      }
    }
  }
  const json = `${JSON.stringify(results, undefined, 2)}\n`;
  if (options.output !== undefined) writeFileSync(options.output, json);
  console.log(json);
  for (const scenario of options.scenarios) {
    for (const rows of comparable(results.filter((one) => one.scenario === scenario))) console.log(`${table(scenario, rows)}\n`);
  }
}

async function* measure(scenario: Scenario, stage: Stage, { routes, count, samples, seconds, churn }: Options): AsyncIterable<object> {
  switch (scenario) {
    case 'attach':
      return yield await measureAttach(stage, count ?? 1_000);
    case 'scale':
      return yield await measureScale(stage, count ?? 5_000);
    case 'traffic':
      return yield await measureTraffic(stage, seconds);
    case 'propagation':
    case 'change': {
      let filled = 0;
      for (const number of routes.toSorted((a, b) => a - b)) {
        await fill(stage, filled, number);
        filled = number;
        yield scenario === 'change' ? await measureChange(stage, { routes: number, samples }) : await measurePropagation(stage, { routes: number, samples, churn });
      }
    }
  }
}

/** Measurements with the same number of routes, beside each other. */
function comparable(results: readonly (Row & { readonly result: object })[]): Row[][] {
  return [...Map.groupBy(results, ({ result }) => (result as { readonly routes?: number }).routes).values()];
}
