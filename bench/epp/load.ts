import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** One load, as programs/load/spec.go describes it. */
export interface LoadSpec {
  /** Requests a second; 0: as many as `connections` can. */
  readonly rate?: number;
  readonly steady?: boolean;
  readonly seconds?: number;
  readonly requests?: number;
  readonly connections?: number;
  readonly burst?: number;
  readonly burstSeconds?: number;
  readonly timeoutSeconds: number;
  /** After which a failed request is sent once more; times are from the first sending on. */
  readonly retrySeconds?: number;
  readonly work: Work;
}

export interface Work {
  readonly models: readonly string[];
  readonly stream: boolean;
  readonly outputTokens: number;
  readonly groups?: number;
  readonly prefixBytes?: number;
  readonly suffixBytes: number;
  readonly skew?: number;
}

/** What came of a load. Times in ms. */
export interface LoadResult {
  readonly answered: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly firstByte: readonly number[];
  readonly total: readonly number[];
  /** One for each request. */
  readonly lag: readonly number[];
  readonly pods: Readonly<Record<string, number>>;
}

/** Runs the load generator to its end. */
export async function runLoad(program: string, { spec, targets, seed, signal }: { readonly spec: LoadSpec; readonly targets: readonly string[]; readonly seed: number; readonly signal: AbortSignal }): Promise<LoadResult> {
  const child = spawn(program, [], { stdio: ['pipe', 'pipe', 'inherit'], signal, killSignal: 'SIGKILL' });
  const ended = once(child, 'exit');
  child.stdin.end(JSON.stringify({ ...spec, targets, seed }));
  const [output, [code]] = await Promise.all([text(child.stdout), ended]);
  if (code !== 0) throw new Error(`the load generator ended with ${code}`);
  const result = JSON.parse(output) as LoadResult;
  return { ...result, firstByte: result.firstByte ?? [], total: result.total ?? [], lag: result.lag ?? [] };
}
