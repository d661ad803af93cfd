import { Argument, Command } from 'commander';
import type { ObjectReport, StatusReport } from '../../admin/report.ts';
import { CliError, ExitCode } from '../errors.ts';
import { adminAddressOption, outputOption } from '../options.ts';
import { print, printData, type DataFormat } from '../output.ts';

interface StatusOptions {
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
  readonly output: 'table' | 'wide' | DataFormat;
  readonly admin?: string;
  readonly stateDir?: string;
  readonly name?: string;
}

const examples = `
A kind may be followed by a name: gateway/web. Short names: gc, gtw. Objects of all namespaces are shown unless -n says
otherwise.

Examples:
  moongate status
  moongate status httproutes -n shop
  moongate status gateway/web -o yaml
  moongate status proxies -o json`;

export function statusCommand(): Command {
  return new Command('status')
    .description('show Gateways, routes, proxies and problems of a running instance')
    .addArgument(kindArgument())
    .option('-n, --namespace <namespace>', 'only objects of this namespace')
    .option('-A, --all-namespaces', 'objects of all namespaces (as it is without -n)')
    .addOption(outputOption(['table', 'wide', 'json', 'yaml'], 'table'))
    .addOption(adminAddressOption())
    .option('--state-dir <dir>', 'ask the instance that runs on this state directory')
    .option('--name <instance>', 'ask the instance of this name')
    .addHelpText('after', examples)
    .action(async (what: string, options: StatusOptions) => {
      process.exitCode = await status(what, options);
    });
}

/** The words are for completion: a name may follow them, so they are not the only ones. */
function kindArgument(): Argument {
  const argument = new Argument('[kind]', 'KIND or KIND/NAME').default('all');
  argument.argChoices = ['all', 'gatewayclasses', 'gateways', 'httproutes', 'proxies', 'problems'];
  return argument;
}

/** What can be asked for, by all its names. */
const subjects: ReadonlyMap<string, string> = new Map([
  ...names('GatewayClass', 'gatewayclass', 'gatewayclasses', 'gc'),
  ...names('Gateway', 'gateway', 'gateways', 'gtw'),
  ...names('ListenerSet', 'listenerset', 'listenersets', 'lset'),
  ...names('HTTPRoute', 'httproute', 'httproutes'),
  ...names('GRPCRoute', 'grpcroute', 'grpcroutes'),
  ...names('TLSRoute', 'tlsroute', 'tlsroutes'),
  ...names('TCPRoute', 'tcproute', 'tcproutes'),
  ...names('UDPRoute', 'udproute', 'udproutes'),
  ...names('BackendTLSPolicy', 'backendtlspolicy', 'backendtlspolicies', 'btlspolicy'),
  ...names('XBackend', 'xbackend', 'xbackends'),
  ...names('XBackendTrafficPolicy', 'xbackendtrafficpolicy', 'xbackendtrafficpolicies', 'xbtrafficpolicy'),
  ...names('XTelemetryPolicy', 'xtelemetrypolicy', 'xtelemetrypolicies'),
  ...names('proxies', 'proxy', 'proxies'),
  ...names('problems', 'problem', 'problems'),
  ...names('all', 'all'),
]);

function names(subject: string, ...aliases: readonly string[]): [string, string][] {
  return aliases.map((alias) => [alias, subject]);
}

async function status(what: string, options: StatusOptions): Promise<number> {
  const slash = what.indexOf('/');
  const kind = slash === -1 ? what : what.slice(0, slash);
  const name = slash === -1 ? undefined : what.slice(slash + 1);
  const subject = subjects.get(kind.toLowerCase());
  if (subject === undefined || name === '') {
    throw new CliError(`there is no kind "${what}" to show: see moongate status --help`, { exitCode: ExitCode.Usage });
  }
  const { adminAddress, fetchAdmin } = await import('../admin-client.ts');
  const report = (await fetchAdmin(await adminAddress(options), '/api/v1/status')) as StatusReport;
  const selected = select(report, { subject, name, namespace: options.allNamespaces === true ? undefined : options.namespace });
  const { objects, proxies, problems } = selected;
  if (name !== undefined && objects.length + proxies.length === 0) {
    const where = options.namespace === undefined ? '' : ` in namespace ${options.namespace}`;
    throw new CliError(`${kind} "${name}" not found${where}`);
  }
  if (options.output === 'json' || options.output === 'yaml') {
    await printData(dataOf(selected, { subject, named: name !== undefined }), options.output);
    return ExitCode.Ok;
  }
  const { sections } = await import('../status/tables.ts');
  const tables = sections(selected, { wide: options.output === 'wide' });
  const titled = subject === 'all' || tables.length > 1;
  if (subject === 'all') printOverview(report);
  print(tables.map(({ title, text }) => (titled ? `${title}\n${text}` : text)).join('\n') || `No ${subject === 'all' ? 'objects' : subject} found.\n`);
  if (subject === 'all' && problems.length === 0) print('\nNo problems.');
  return ExitCode.Ok;
}

function printOverview({ instance, ready, notReady }: StatusReport): void {
  print(`Moongate ${instance.version}, Envoy ${instance.envoy?.version ?? 'not found yet'}, pid ${instance.pid}, ${ready ? 'ready' : 'not ready'}`);
  for (const reason of notReady) print(`  ${reason}`);
  print('');
}

interface Selection {
  readonly subject: string;
  readonly name: string | undefined;
  readonly namespace: string | undefined;
}

/** The part of a report that was asked for. */
function select(report: StatusReport, { subject, name, namespace }: Selection): StatusReport {
  const isObjects = subject !== 'proxies' && subject !== 'problems';
  const objects = isObjects ? report.objects.filter((object) => fits(object, { subject, name, namespace })) : [];
  const shows = (other: string) => subject === 'all' || subject === other;
  const inNamespace = (key: string) => namespace === undefined || key === '' || key.startsWith(`${namespace}/`);
  return {
    ...report,
    objects,
    proxies: shows('proxies') ? report.proxies.filter(({ id }) => (name === undefined || id === name || id.endsWith(`/${name}`)) && inNamespace(id)) : [],
    problems: shows('problems') ? report.problems.filter(({ key }) => inNamespace(key)) : [],
  };
}

function fits({ kind, metadata }: ObjectReport, { subject, name, namespace }: Selection): boolean {
  if (subject !== 'all' && kind !== subject) return false;
  if (name !== undefined && metadata.name !== name) return false;
  return namespace === undefined || metadata.namespace === undefined || metadata.namespace === namespace;
}

/** As kubectl prints it: one object as it is, several as a List; everything as the report. */
function dataOf(report: StatusReport, { subject, named }: { readonly subject: string; readonly named: boolean }): unknown {
  if (subject === 'all') return report;
  if (subject === 'proxies') return named && report.proxies.length === 1 ? report.proxies[0] : report.proxies;
  if (subject === 'problems') return report.problems;
  if (named && report.objects.length === 1) return report.objects[0];
  return { apiVersion: 'v1', kind: 'List', items: report.objects };
}
