import { parseArgs } from 'node:util';
import { contenderNames, type ContenderName } from './contenders/contender.ts';
import { scenarioNames, scenarios, type Scenario, type ScenarioName } from './scenarios.ts';

export interface Options {
  readonly scenarios: readonly ScenarioName[];
  readonly contenders: readonly ContenderName[];
  readonly rounds: number;
  /** Of load in a round. */
  readonly seconds: number;
  readonly servers: number;
  readonly json: boolean;
}

export const help = `npm run bench:epp -- [options]

  --scenario NAME[,NAME …]      all unless given; cost and placement stand for those of their subject
${scenarioNames.map((name) => `      ${name.padEnd(16)} ${scenarios[name].about}`).join('\n')}
  --contenders NAME[,NAME …]    round-robin,upstream unless given
      none             the load generator asks the servers itself
      round-robin      Envoy without a picker
      upstream         the Inference Extension's picker, v1.5.0
      moongate         ours
  --rounds N                    how often contenders take turns: 3 unless given
  --seconds N                   how long a turn's load lasts, where the scenario does not say: 10 unless given
  --servers N                   model servers: 8 unless given
  --json                        one JSON object on standard output in place of the table`;

/** Throws a sentence for what cannot be meant. */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: 'string', multiple: true },
      contenders: { type: 'string', default: 'round-robin,upstream' },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '10' },
      servers: { type: 'string', default: '8' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const wanted = (values.scenario ?? []).flatMap((text) => text.split(','));
  return {
    scenarios: wanted.length === 0 ? scenarioNames : wanted.flatMap(scenariosOf),
    contenders: values.contenders.split(',').map((name) => oneOf('--contenders', name, contenderNames)),
    rounds: numberOf('--rounds', values.rounds),
    seconds: numberOf('--seconds', values.seconds),
    servers: numberOf('--servers', values.servers),
    json: values.json,
  };
}

function scenariosOf(name: string): readonly ScenarioName[] {
  const ofSubject = name === 'cost' || name === 'placement' ? scenarioNames.filter((each) => (scenarios[each] as Scenario).subject === name) : [];
  return ofSubject.length > 0 ? ofSubject : [oneOf('--scenario', name, scenarioNames)];
}

function oneOf<T extends string>(option: string, text: string, all: readonly T[]): T {
  const found = all.find((each) => each === text);
  if (found === undefined) throw new Error(`${option}: there is no ${text}: ${all.join(', ')}`);
  return found;
}

function numberOf(option: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error(`${option}: a whole number from 1 is needed, not ${text}`);
  return number;
}
