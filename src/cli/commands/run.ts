import { Command, Option } from 'commander';
import { ExitCode } from '../errors.ts';
import { adminOption, type HostPort } from '../host-port.ts';
import { controllerNameOption, fileOption, positiveInteger } from '../options.ts';

export interface RunOptions {
  readonly file: readonly string[];
  readonly envoy?: string;
  readonly stateDir?: string;
  readonly name?: string;
  readonly admin: HostPort | 'off';
  readonly concurrency?: number;
  readonly accessLog: string;
  readonly controllerName?: readonly string[];
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly logFormat: 'text' | 'json';
  readonly once?: boolean;
}

const examples = `
Files are watched: what changes is served at once, what is broken keeps its last good state. SIGHUP reads all files again;
SIGTERM and SIGINT (Ctrl-C) drain the Envoys and stop them, a second one does not wait for clients.

Examples:
  moongate run -f ./gateway
  moongate run -f gateway.yaml -f routes/ --access-log -
  moongate run -f ./staging --name staging --admin 127.0.0.1:19001      a second instance beside the first
  moongate run -f ./gateway --once                                      check only, for CI`;

export function runCommand(): Command {
  return new Command('run')
    .description('serve resources from files with Envoy on this machine')
    .addOption(fileOption('a file, or a directory with .yaml, .yml and .json files').makeOptionMandatory())
    .addOption(new Option('--envoy <path>', 'the Envoy program (default: found on PATH, or installed)').env('MOONGATE_ENVOY'))
    .option('--state-dir <dir>', 'where sockets, logs and process ids are kept (default: below ~/.local/state/moongate)')
    .option('--name <instance>', 'names the state directory (default: made from the paths)')
    .addOption(new Option('--admin <host:port|off>', 'where status, explain and metrics are answered').env('MOONGATE_ADMIN').argParser(adminOption).default(adminOption('127.0.0.1:19000'), '127.0.0.1:19000'))
    .option('--concurrency <threads>', 'worker threads of each Envoy (default: one for each CPU)', positiveInteger)
    .option('--access-log <file|-|off>', 'where Envoy logs requests, as JSON lines; - is standard output', 'off')
    .addOption(controllerNameOption())
    .addOption(new Option('--log-level <level>', 'least level of the log').choices(['debug', 'info', 'warn', 'error']).default('info'))
    .addOption(new Option('--log-format <format>', 'how to log').choices(['text', 'json']).default('text'))
    .option('--once', 'translate, print problems and exit')
    .addHelpText('after', examples)
    .action(async (options: RunOptions) => {
      // Nothing may keep a program that was told to stop: an installation of Envoy may still be under way.
      process.exit(options.once === true ? await check(options) : await serve(options));
    });
}

async function check({ file, controllerName }: RunOptions): Promise<number> {
  const { validate } = await import('./validate.ts');
  return validate({ file, output: 'text', ...(controllerName === undefined ? {} : { controllerName }) });
}

async function serve(options: RunOptions): Promise<number> {
  const { runInstance } = await import('../run/run-instance.ts');
  await runInstance(options);
  return ExitCode.Ok;
}
