import { setTimeout as sleep } from 'node:timers/promises';
import type { Contender } from './contenders/contender.ts';
import { runLoad, type LoadResult } from './load.ts';
import type { Program } from './program.ts';
import type { Scenario } from './scenarios.ts';
import type { Servers } from './servers.ts';

/** One contender's turn in one round. */
export interface Turn {
  readonly load: LoadResult;
  /** Milliseconds from the first request to the last answer. */
  readonly cpuMs: { readonly picker: number; readonly proxy: number; readonly servers: number };
  /** Of the picker, afterwards. */
  readonly rssMb: number | undefined;
}

/** Time in which a picker that was frozen sees again what servers are doing. */
const settleMs = 1_500;

interface TurnOptions {
  readonly loadProgram: string;
  readonly scenario: Scenario;
  readonly servers: Servers;
  readonly seconds: number;
  readonly seed: number;
  readonly signal: AbortSignal;
}

/** Lets a contender work alone. */
export async function takeTurn(contender: Contender, { loadProgram, scenario, servers, seconds, seed, signal }: TurnOptions): Promise<Turn> {
  thaw(contender);
  try {
    await servers.forget();
    await sleep(settleMs, undefined, { signal });
    const before = cpuOf(contender, servers);
    const load = runLoad(loadProgram, { spec: scenario.load(seconds), targets: contender.targets, seed, signal });
    const [result] = await Promise.all([load, scenario.during?.(servers, seconds, signal)]);
    const after = cpuOf(contender, servers);
    const spent = (program: Program | undefined): number => (program === undefined ? 0 : (after.get(program) ?? 0) - (before.get(program) ?? 0));
    return {
      load: result,
      // What died meanwhile is left out.
      cpuMs: { picker: spent(contender.picker), proxy: spent(contender.proxy), servers: servers.processes().filter((program) => after.has(program)).reduce((sum, program) => sum + spent(program), 0) },
      rssMb: contender.picker?.rssMb,
    };
  } finally {
    if (!signal.aborted) {
      await scenario.after?.(servers);
      freeze(contender);
    }
  }
}

/** Milliseconds of CPU that the picker takes in a second in which nobody asks for anything. */
export async function measureIdle(contender: Contender, signal: AbortSignal): Promise<number | undefined> {
  if (contender.picker === undefined) return undefined;
  const seconds = 4;
  thaw(contender);
  await sleep(settleMs, undefined, { signal });
  const before = contender.picker.cpuMs;
  await sleep(seconds * 1000, undefined, { signal });
  const spent = contender.picker.cpuMs - before;
  freeze(contender);
  return spent / seconds;
}

/** Who is not measured takes no CPU, and asks the servers for nothing. */
export function freeze(contender: Contender): void {
  for (const program of programsOf(contender)) program.freeze();
}

function thaw(contender: Contender): void {
  for (const program of programsOf(contender)) program.thaw();
}

function programsOf({ picker, proxy }: Contender): Program[] {
  return [picker, proxy].filter((program) => program !== undefined);
}

function cpuOf(contender: Contender, servers: Servers): Map<Program, number> {
  const running = [...programsOf(contender), ...servers.processes()].filter((program) => program.running);
  return new Map(running.map((program) => [program, program.cpuMs]));
}
