import { Command } from 'commander';
import type { Explanation } from '../../admin/explain/explanation.ts';
import { CliError, ExitCode } from '../errors.ts';
import { adminAddressOption, collect, controllerNameOption, fileOption, outputOption } from '../options.ts';
import { print, printData, type DataFormat } from '../output.ts';

interface ExplainOptions {
  readonly header?: readonly string[];
  readonly gateway?: string;
  readonly file?: readonly string[];
  readonly controllerName?: readonly string[];
  readonly output: 'text' | DataFormat;
  readonly admin?: string;
  readonly stateDir?: string;
  readonly name?: string;
}

const examples = `
Nothing is sent. The URL is the one a client would use; its port may be the Gateway's or the one that is really bound. grpc:// and
grpcs:// stand for a gRPC call; tls://, tcp:// and udp:// ask who takes a connection, or datagrams, whatever is said over it. With
-f the files are asked, without it the running instance, which also knows what Envoy has acknowledged.

Examples:
  moongate explain GET http://www.example.com/get
  moongate explain GET http://127.0.0.1:8080/get -H 'Host: www.example.com'
  moongate explain OPTIONS https://api.example.com/v1 -H 'Origin: https://app.example.com' -H 'Access-Control-Request-Method: PUT'
  moongate explain grpc://api.example.com/pkg.Service/Method
  moongate explain tls://db.example.com:5432
  moongate explain udp://127.0.0.1:53
  moongate explain GET http://www.example.com/get -f ./gateway -o json`;

export function explainCommand(): Command {
  return new Command('explain')
    .description('say who answers a request or takes a connection, and why')
    .argument('<method-or-url>', 'GET, POST …, which may be left out')
    .argument('[url]', 'http://HOST[:PORT]/PATH, https, grpc, grpcs; or tls://HOST:PORT, tcp, udp')
    .option('-H, --header <line>', "a header, as 'name: value'; may be given several times", collect)
    .option('--gateway <namespace/name>', 'the Gateway that is asked, when several want the port')
    .addOption(fileOption('explain by these files, without an instance'))
    .addOption(controllerNameOption())
    .addOption(outputOption(['text', 'json', 'yaml'], 'text'))
    .addOption(adminAddressOption())
    .option('--state-dir <dir>', 'ask the instance that runs on this state directory')
    .option('--name <instance>', 'ask the instance of this name')
    .addHelpText('after', examples)
    .action(async (first: string, second: string | undefined, options: ExplainOptions) => {
      if (second === undefined && !/[.:/]/.test(first)) throw new CliError(`missing required argument 'url' after ${first}`, { exitCode: ExitCode.Usage });
      const asked: Asked = second === undefined ? { url: first } : { method: first, url: second };
      const explanation = options.file === undefined ? await fromInstance(asked, options) : await fromFiles(asked, options);
      if (options.output !== 'text') return printData(explanation, options.output);
      const { explanationText } = await import('../explain-text.ts');
      print(explanationText(explanation));
    });
}

interface Asked {
  readonly method?: string;
  readonly url: string;
}

async function fromInstance(asked: Asked, options: ExplainOptions): Promise<Explanation> {
  const { adminAddress, fetchAdmin } = await import('../admin-client.ts');
  const query = new URLSearchParams({ ...asked });
  for (const header of options.header ?? []) query.append('header', header);
  if (options.gateway !== undefined) query.append('gateway', options.gateway);
  return (await fetchAdmin(await adminAddress(options), `/api/v1/explain?${query.toString()}`)) as Explanation;
}

async function fromFiles(asked: Asked, options: ExplainOptions): Promise<Explanation> {
  const [{ checkFiles }, { explainInput }, { worldOf }] = await Promise.all([import('../../app/check-files.ts'), import('../../app/explain.ts'), import('../../app/explain-world.ts')]);
  const { plane } = await checkFiles(options.file ?? [], { controllerNames: options.controllerName ?? [] });
  const input = { ...asked, headers: options.header ?? [], ...(options.gateway !== undefined && { gateway: options.gateway }) };
  try {
    return explainInput(input, worldOf(plane));
  } catch (error) {
    if (error instanceof Error && error.name === 'BadRequestError') throw new CliError(error.message, { exitCode: ExitCode.Usage });
    throw error;
  }
}
