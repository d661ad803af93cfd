import { CliError, ExitCode } from './errors.ts';

/** Writes text and a line end to standard output. */
export function print(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

/** Writes a line to standard error: for people, out of the way of what is piped on. */
export function printError(text: string): void {
  process.stderr.write(`${text}\n`);
}

export type DataFormat = 'yaml' | 'json';

/** Writes a value for programs (or patient people) to read. */
export async function printData(value: unknown, format: DataFormat): Promise<void> {
  if (format === 'json') return print(JSON.stringify(value, undefined, 2));
  const { stringify } = await import('yaml');
  print(stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 }));
}

/** A reader that went away (`| head`) ends the program quietly. */
export function endWhenNobodyReads(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(ExitCode.Ok);
      throw new CliError(`cannot write: ${error.message}`);
    });
  }
}
