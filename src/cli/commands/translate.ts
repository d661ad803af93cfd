import { Command, Option } from 'commander';
import { CliError, ExitCode } from '../errors.ts';
import { controllerNameOption, fileOption, outputOption } from '../options.ts';
import { printData, printError, type DataFormat } from '../output.ts';
import { problemLine } from '../problem-lines.ts';

const targets = ['xds', 'ir', 'conditions'] as const;
const xdsTypes = ['LDS', 'RDS', 'SRDS', 'ECDS', 'CDS', 'EDS', 'SDS'] as const;

interface TranslateOptions {
  readonly file: readonly string[];
  readonly to: (typeof targets)[number];
  readonly proxy?: string;
  readonly type?: string;
  readonly output: DataFormat;
  readonly controllerName?: readonly string[];
}

const examples = `
Nothing is run: every port counts as free and every resource as accepted. Private keys are not printed. Problems go to
standard error, and the exit status is 1 when one of them is an error.

Examples:
  moongate translate -f ./gateway                            what Envoy is sent
  moongate translate -f ./gateway --type RDS -o json         only routes
  moongate translate -f ./gateway --to ir                    the form between resources and Envoy
  moongate translate -f ./gateway --to conditions            the status of each object`;

export function translateCommand(): Command {
  return new Command('translate')
    .description('print what resources are translated to')
    .addOption(fileOption('a file, or a directory with .yaml, .yml and .json files').makeOptionMandatory())
    .addOption(new Option('--to <form>', 'xds: Envoy resources; ir: listeners, routes and backends before that; conditions: statuses').choices(targets).default('xds'))
    .option('--proxy <namespace/name>', 'only the proxy of this Gateway (xds)')
    .addOption(new Option('--type <type>', 'only resources of this type (xds)').choices(xdsTypes))
    .addOption(controllerNameOption())
    .addOption(outputOption(['yaml', 'json'], 'yaml'))
    .addHelpText('after', examples)
    .action(async (options: TranslateOptions) => {
      process.exitCode = await translate(options);
    });
}

async function translate(options: TranslateOptions): Promise<number> {
  const [{ checkFiles }, { irView, statusView, xdsView }] = await Promise.all([import('../../app/check-files.ts'), import('../../app/views.ts')]);
  const { plane, problems } = await checkFiles(options.file, { controllerNames: options.controllerName ?? [] });
  for (const problem of problems) printError(problemLine(problem));
  switch (options.to) {
    case 'conditions':
      await printData(statusView(plane), options.output);
      break;
    case 'ir':
      await printData(irView(plane), options.output);
      break;
    case 'xds':
      await printData(selected(xdsView(plane), options), options.output);
      break;
  }
  return problems.some(({ severity }) => severity === 'error') ? ExitCode.Problem : ExitCode.Ok;
}

type XdsView = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

function selected(view: XdsView, { proxy, type }: TranslateOptions): XdsView {
  if (proxy !== undefined && view[proxy] === undefined) {
    const known = Object.keys(view).join(', ') || 'none';
    throw new CliError(`there is no proxy ${proxy}; there is: ${known}`);
  }
  const proxies = Object.entries(view).filter(([id]) => proxy === undefined || id === proxy);
  if (type === undefined) return Object.fromEntries(proxies);
  return Object.fromEntries(proxies.map(([id, types]) => [id, { [type]: types[type] ?? {} }]));
}
