import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { Results } from '../results.ts';
import type { TestResult } from '../results.ts';
import { suiteArguments } from './arguments.ts';
import type { SuiteArguments } from './arguments.ts';

/** How to run the suite. */
export interface SuiteRun {
  readonly program: string;
  readonly kubeconfig: string;
  readonly arguments: SuiteArguments;
  /** File that gets all of the output. */
  readonly log: string;
  readonly onResult: (result: TestResult) => void;
  /** The tests that run at this moment, called when that changes. */
  readonly onRunning: (tests: ReadonlySet<string>) => void;
  readonly signal: AbortSignal;
}

/** How the suite ended. */
export interface SuiteEnd {
  readonly results: Results;
  /** Why the run as a whole is no success, whatever the single results say; undefined when the program ended with status 0. */
  readonly trouble?: string;
}

/** Runs the suite's program to its end. */
export async function runSuite({ program, kubeconfig, arguments: args, log, onResult, onRunning, signal }: SuiteRun): Promise<SuiteEnd> {
  const results = new Results();
  const logFile = createWriteStream(log);
  const child = spawn(program, suiteArguments(args), { env: { ...process.env, KUBECONFIG: kubeconfig }, stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = (): boolean => child.kill('SIGKILL');
  signal.addEventListener('abort', stop, { once: true });
  const ended = new Promise<{ code: number | null; by: NodeJS.Signals | null }>((resolve, reject) => {
    child.on('error', (error) => reject(new Error(`${program} cannot be run: ${error.message}`, { cause: error })));
    child.on('close', (code, by) => resolve({ code, by }));
  });
  const read = async (input: NodeJS.ReadableStream): Promise<void> => {
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      logFile.write(`${line}\n`);
      const result = results.read(line);
      if (result !== undefined) onResult(result);
      onRunning(results.running);
    }
  };
  try {
    const [{ code, by }] = await Promise.all([ended, read(child.stdout), read(child.stderr)]);
    if (signal.aborted) return { results, trouble: 'the run was interrupted' };
    if (by !== null) return { results, trouble: `the suite was ended by ${by}` };
    if (code !== 0) return { results, trouble: `the suite ended with status ${code}` };
    return results.root === 'pass' ? { results } : { results, trouble: 'the suite ended with status 0 and did not say that it passed' };
  } finally {
    signal.removeEventListener('abort', stop);
    logFile.end();
    await finished(logFile);
  }
}
