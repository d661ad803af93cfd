import { Command } from 'commander';
import { ExitCode } from '../errors.ts';
import { controllerNameOption, fileOption, outputOption } from '../options.ts';
import { print, printData, printError, type DataFormat } from '../output.ts';
import { plural, problemCount, problemLine, type PlacedProblem } from '../problem-lines.ts';

interface ValidateOptions {
  readonly file: readonly string[];
  readonly output: 'text' | DataFormat;
  readonly controllerName?: readonly string[];
}

const examples = `
Each problem is one line: FILE:LINE: KIND NAMESPACE/NAME: FIELD: MESSAGE (SEVERITY). Conditions that would not be as they
should are problems too. The exit status is 1 when there is an error; warnings alone do not count.

Examples:
  moongate validate -f ./gateway
  moongate validate -f gateway.yaml -f routes/ -o json`;

export function validateCommand(): Command {
  return new Command('validate')
    .description('check files without running anything, for CI')
    .addOption(fileOption('a file, or a directory with .yaml, .yml and .json files').makeOptionMandatory())
    .addOption(controllerNameOption())
    .addOption(outputOption(['text', 'json', 'yaml'], 'text'))
    .addHelpText('after', examples)
    .action(async (options: ValidateOptions) => {
      process.exitCode = await validate(options);
    });
}

/** A check of nothing would pass where the path is wrong. */
function nothingIn(paths: readonly string[]): PlacedProblem {
  return { file: '', line: 0, kind: '', key: '', severity: 'error', field: '', message: `no objects found in ${paths.join(', ')}` };
}

/** Prints what is wrong with some files; returns the exit status. */
export async function validate({ file: paths, output, controllerName }: ValidateOptions): Promise<number> {
  const { checkFiles } = await import('../../app/check-files.ts');
  const { problems: found, ignoredKinds, objects } = await checkFiles(paths, { controllerNames: controllerName ?? [] });
  const problems = objects + found.length + ignoredKinds.length === 0 ? [nothingIn(paths)] : found;
  const failed = problems.some(({ severity }) => severity === 'error');
  if (output === 'text') {
    for (const problem of problems) print(problemLine(problem));
    printError(`${plural(objects, 'object')}, ${problems.length === 0 ? 'no problems' : problemCount(problems)}`);
  } else {
    await printData({ valid: !failed, objects, problems, ignoredKinds }, output);
  }
  return failed ? ExitCode.Problem : ExitCode.Ok;
}
