import { spawn } from 'node:child_process';

/** How to run a program to its end. */
export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** ms. */
  readonly timeout?: number;
  /** Ends the program when it fires; the call rejects then. */
  readonly signal?: AbortSignal;
}

/** A program ended otherwise than with status 0. */
export class RunError extends Error {
  override readonly name = 'RunError';
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;

  constructor(message: string, { code, stdout, stderr }: { code: number | null; stdout: string; stderr: string }) {
    super(message);
    this.code = code;
    this.stdout = stdout;
    this.stderr = stderr;
  }
}

const defaultTimeoutMs = 5 * 60 * 1000;
/** More output than any of our programs has to say; a list of 10,000 objects fits. */
const maxOutput = 256 * 1024 * 1024;

/** Runs a program and answers its standard output. Throws a RunError that quotes what it said on standard error. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { input, env, cwd, timeout = defaultTimeoutMs, signal } = options;
  const child = spawn(command, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout,
    killSignal: 'SIGKILL',
    ...(signal === undefined ? {} : { signal }),
  });
  // A program that ends without reading its input closes the pipe.
  child.stdin.on('error', () => {});
  child.stdin.end(input ?? '');
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      output[name] += chunk;
      if (output[name].length > maxOutput) child.kill('SIGKILL');
    });
  }
  const { code, by } = await new Promise<{ code: number | null; by: NodeJS.Signals | null }>((resolve, reject) => {
    child.on('error', (error) => reject(new Error(`${command} cannot be run: ${error.message}`, { cause: error })));
    child.on('close', (code, by) => resolve({ code, by }));
  });
  if (code === 0) return output.stdout;
  const how = by === null ? `ended with status ${code}` : `was ended by ${by}`;
  throw new RunError(`${[command, ...args].join(' ')} ${how}: ${(output.stderr || output.stdout).trim()}`, { code, ...output });
}
