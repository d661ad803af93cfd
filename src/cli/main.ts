import { CommanderError } from 'commander';
import { CliError, ExitCode, messageOf } from './errors.ts';
import { endWhenNobodyReads, printError } from './output.ts';
import { buildProgram } from './program.ts';

endWhenNobodyReads();
try {
  await buildProgram().parseAsync(process.argv);
} catch (error) {
  process.exitCode = report(error);
}

/** Tells the user what went wrong, and the exit status to end with. */
function report(error: unknown): number {
  // Commander has said it already. Its status is 1 for wrong usage.
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.Ok : ExitCode.Usage;
  if (error instanceof CliError) {
    printError(`moongate: ${error.message}`);
    return error.exitCode;
  }
  printError(`moongate: this is a bug: ${error instanceof Error ? error.stack : messageOf(error)}`);
  return ExitCode.Problem;
}
