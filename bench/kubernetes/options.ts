import { parseArgs } from 'node:util';

/** Who is measured. */
export type Product = 'moongate' | 'envoy-gateway';

/** What is measured. */
export const scenarios = ['attach', 'scale', 'propagation', 'change', 'traffic'] as const;
export type Scenario = (typeof scenarios)[number];

export interface Options {
  readonly scenarios: readonly Scenario[];
  readonly products: readonly Product[];
  /** Routes there are while something is measured: for `propagation` and `change`. */
  readonly routes: readonly number[];
  /** Routes that are attached at once, or routes and Services at scale. */
  readonly count: number | undefined;
  /** Changes or routes that are timed. */
  readonly samples: number;
  /** Seconds of load. */
  readonly seconds: number;
  /** Other routes churn meanwhile: for `propagation`. */
  readonly churn: boolean;
  /** Where the JSON goes. */
  readonly output: string | undefined;
}

export const help = `npm run bench:kube -- [options] [SCENARIO …]

  attach        1,000 HTTPRoutes are attached to one Gateway at once: time until all are Accepted, writes of the Gateway's status
  scale         5,000 HTTPRoutes and 5,000 Services: memory and CPU of the control plane
  propagation   routes are created among --routes others: time to the first 200, wrong answers before it
  change        a route is changed among --routes others: time to its effect, CPU of the control plane per change
  traffic       requests per second through the proxy, default settings

  --product NAME      moongate or envoy-gateway; both, in turn, unless given
  --routes N[,N …]    routes there are beside those that are measured: 1000,3000 unless given
  --count N           how many routes are attached (1000), or are there at scale (5000)
  --samples N         how many routes or changes are timed: 100 unless given
  --seconds N         how long load lasts: 15 unless given
  --churn             5,000 other routes are changed all the time while propagation is measured
  --output FILE       where the results go as JSON`;

/** Throws a sentence for what cannot be meant. */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      product: { type: 'string', multiple: true },
      routes: { type: 'string', default: '1000,3000' },
      count: { type: 'string' },
      samples: { type: 'string', default: '100' },
      seconds: { type: 'string', default: '15' },
      churn: { type: 'boolean', default: false },
      output: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const unknown = positionals.find((name) => !(scenarios as readonly string[]).includes(name));
  if (unknown !== undefined) throw new Error(`there is no scenario ${unknown}: ${scenarios.join(', ')}`);
  return {
    scenarios: positionals.length === 0 ? scenarios : (positionals as Scenario[]),
    products: (values.product ?? ['moongate', 'envoy-gateway']).map(productOf),
    routes: values.routes.split(',').map((text) => numberOf('routes', text)),
    count: values.count === undefined ? undefined : numberOf('count', values.count),
    samples: numberOf('samples', values.samples),
    seconds: numberOf('seconds', values.seconds),
    churn: values.churn,
    output: values.output,
  };
}

function productOf(name: string): Product {
  if (name !== 'moongate' && name !== 'envoy-gateway') throw new Error(`--product: ${name} is neither moongate nor envoy-gateway`);
  return name;
}

function numberOf(option: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${option}: a whole number from 1 is needed, not ${text}`);
  return number;
}
