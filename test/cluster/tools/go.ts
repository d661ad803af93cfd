import { spawn } from 'node:child_process';
import { run } from './run.ts';

/** The folder of a published module, which Go downloads unless it has it. `module` is such as 'helm.sh/helm/v3@v3.19.2'. */
export async function moduleFolder(module: string): Promise<string> {
  const text = await run('go', ['mod', 'download', '-json', module], { env: goEnvironment }).catch((error: unknown) => {
    // Go says in JSON on its standard output what went wrong.
    throw new Error(`the Go module ${module} cannot be had`, { cause: error });
  });
  const { Dir } = JSON.parse(text) as { Dir?: string };
  if (Dir === undefined) throw new Error(`the Go module ${module} cannot be had: ${text.trim()}`);
  return Dir;
}

/** What to build. */
export interface GoBuild {
  readonly folder: string;
  /** A path in the folder, or an import path; one that ends in `.test` names the package before it, built as a test binary. */
  readonly package: string;
  readonly output: string;
  /** Whether go.mod and go.sum may be completed: only where they are of our making. */
  readonly complete: boolean;
  /** String variables to set. */
  readonly variables: Readonly<Record<string, string>>;
}

const goEnvironment = { CGO_ENABLED: '0', GOWORK: 'off', GOTOOLCHAIN: 'auto' } as const;

/** How much of Go's messages an error quotes. */
const quotedLines = 15;

/** Builds one static, stripped program. It runs at low priority: what measures or tests beside it should not suffer. Throws with Go's own words. */
export async function goBuild({ folder, package: target, output, complete, variables }: GoBuild): Promise<void> {
  const test = target.endsWith('.test');
  const command = test ? ['test', '-c'] : ['build'];
  const linker = ['-s', '-w', ...Object.entries(variables).map(([name, value]) => `-X=${name}=${value}`)].join(' ');
  const args = [...command, `-mod=${complete ? 'mod' : 'readonly'}`, '-trimpath', '-ldflags', linker, '-o', output, test ? target.slice(0, -'.test'.length) : target];
  const child = spawn('nice', ['go', ...args], { cwd: folder, env: { ...process.env, ...goEnvironment }, stdio: ['ignore', 'ignore', 'pipe'] });
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    words = (words + chunk).split('\n').filter((line) => !line.startsWith('go: downloading')).slice(-quotedLines).join('\n');
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', (error) => reject(new Error('there is no go: the tools of the cluster are built with Go 1.26 or later', { cause: error })));
    child.on('close', resolve);
  });
  if (code !== 0) throw new Error(`go ${args.join(' ')} failed in ${folder}:\n${words}`);
}
