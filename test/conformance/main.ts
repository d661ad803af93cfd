import { messageOf } from '../../src/util/error-message.ts';
import { ensureProgram } from '../cluster/tools/ensure.ts';
import { runConformance } from './conformance.ts';
import { keepRun } from './document/keep.ts';
import { readOptions, usage } from './options.ts';
import type { Options } from './options.ts';
import { readCatalogue } from './suite/catalogue.ts';
import { suiteProgram } from './suite/recipe.ts';
import type { Suite } from './suite/suites.ts';
import { existingTarget, newTarget } from './target.ts';

/** Exit statuses besides 0: not as expected, and not understood. */
const FAILED = 1;
const MISUSED = 2;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** An error and what caused it, a line each. */
function causes(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? messageOf(error) : `${messageOf(error)}\n  ${causes(cause)}`;
}

async function document(folder: string, suite: Suite): Promise<boolean> {
  const catalogue = await readCatalogue(await ensureProgram(suite.recipe, suiteProgram, print));
  print(`kept as ${await keepRun(folder, suite, catalogue)}; docs/conformance.md is written`);
  return true;
}

async function main(options: Options): Promise<boolean> {
  if (options.document !== undefined) return document(options.document, options.suite);
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupt.abort(new Error(`interrupted by ${signal}`)));
  const { kubeconfig } = options;
  return runConformance(options, {
    print,
    signal: interrupt.signal,
    startTarget: () => (kubeconfig === undefined ? newTarget(options, { print, signal: interrupt.signal }) : existingTarget(kubeconfig, options)),
  });
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) print(usage(options.suite).trimEnd());
  else process.exitCode = (await main(options).catch((error: unknown) => (print(causes(error)), false))) ? 0 : FAILED;
} catch (error) {
  print(messageOf(error));
  process.exitCode = MISUSED;
}
