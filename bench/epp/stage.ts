import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Contender, ContenderName } from './contenders/contender.ts';
import { startContender } from './contenders/start.ts';
import { figuresOf, type Results } from './figures.ts';
import type { KubernetesApi } from './kubernetes-api.ts';
import type { Options } from './options.ts';
import type { Programs } from './programs.ts';
import { scenarios, type Scenario, type ScenarioName } from './scenarios.ts';
import { startFastServers, startSimulatedServers, type Servers } from './servers.ts';
import { freeze, measureIdle, takeTurn, type Turn } from './turn.ts';

export interface StageOptions {
  readonly kind: Scenario['servers'];
  readonly names: readonly ScenarioName[];
  readonly options: Options;
  readonly programs: Programs;
  readonly directory: string;
  readonly kubernetes: () => Promise<KubernetesApi>;
  readonly progress: (text: string) => void;
  readonly signal: AbortSignal;
}

interface Entrant {
  readonly name: ContenderName;
  readonly contender: Contender;
  readonly idle: number | undefined;
}

/** How long a contender may take to its first answer, ms. */
const firstAnswerMs = 60_000;

/** Runs all scenarios that want one kind of servers: these and the contenders are started once. */
export async function runStage(stage: StageOptions): Promise<Results> {
  const { kind, names, options, programs, progress, signal } = stage;
  await using stack = new AsyncDisposableStack();
  const directory = join(stage.directory, kind);
  mkdirSync(directory);
  progress(`starting ${options.servers} ${kind} servers`);
  const servers = stack.use(await (kind === 'fast' ? startFastServers : startSimulatedServers)({ count: options.servers, programs, directory }));
  const entrants: Entrant[] = [];
  for (const name of options.contenders) {
    progress(`starting ${name}`);
    const own = join(directory, name);
    mkdirSync(own);
    const contender = stack.use(await startContender(name, { programs, servers, directory: own, kubernetes: stage.kubernetes, onProgress: progress }));
    await firstAnswer(contender, servers);
    freeze(contender);
    entrants.push({ name, contender, idle: await measureIdle(contender, signal) });
  }
  const results: Results = {};
  for (const name of names) results[name] = await runScenario(name, entrants, servers, stage);
  return results;
}

async function runScenario(name: ScenarioName, entrants: readonly Entrant[], servers: Servers, { options, programs, progress, signal }: StageOptions): Promise<NonNullable<Results[ScenarioName]>> {
  const scenario: Scenario = scenarios[name];
  const turns = new Map<ContenderName, Turn[]>(entrants.map((entrant) => [entrant.name, []]));
  for (let round = 1; round <= options.rounds; round++) {
    for (const { name: entrant, contender } of entrants) {
      // All contenders get the same requests at the same times.
      const turn = await takeTurn(contender, { loadProgram: programs.load, scenario, servers, seconds: options.seconds, seed: round, signal });
      turns.get(entrant)?.push(turn);
      progress(`${name}, round ${round}, ${entrant}: ${turn.load.answered} answered, failed ${JSON.stringify(turn.load.failures)}`);
    }
  }
  return Object.fromEntries(entrants.map(({ name: entrant, contender: { picker, proxy }, idle }) => [
    entrant,
    figuresOf(turns.get(entrant) ?? [], { servers: options.servers, hasPicker: picker !== undefined, hasProxy: proxy !== undefined, idle }),
  ]));
}

async function firstAnswer({ targets: [target = ''], proxy, picker }: Contender, servers: Servers): Promise<void> {
  const program = proxy ?? picker ?? servers.processes()[0];
  await program?.until('it answers a first request', async () => {
    const response = await fetch(`http://${target}/v1/completions`, { method: 'POST', body: '{"model":"m","max_tokens":1,"stream":false,"prompt":"hello"}', signal: AbortSignal.timeout(5_000) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${response.status} ${text}`);
    return true;
  }, firstAnswerMs);
}
