/** What the program's exit status says. */
export const ExitCode = {
  Ok: 0,
  /** Something is wrong with what was asked about, or it could not be done. */
  Problem: 1,
  /** The command line makes no sense. */
  Usage: 2,
} as const;

/** Something to tell the user in one sentence, without a stack. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: number;

  constructor(message: string, options: { readonly exitCode?: number; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.exitCode = options.exitCode ?? ExitCode.Problem;
  }
}

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
