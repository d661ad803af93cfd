import { Command, InvalidArgumentError, Option } from 'commander';
import { ExitCode } from '../errors.ts';
import { hostPortOption, type HostPort } from '../host-port.ts';
import { logLevels } from '../log.ts';
import { collect, duration, fileOption, port } from '../options.ts';

export interface EppOptions {
  readonly file?: readonly string[];
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly watchNamespace?: readonly string[];
  readonly poolName?: string;
  readonly poolNamespace?: string;
  readonly configFile?: string;
  readonly configText?: string;
  readonly listen?: ListenAddress;
  readonly grpcPort: number;
  readonly grpcHealthPort?: number;
  readonly metricsPort: number;
  readonly metrics?: ListenAddress | 'off';
  readonly secureServing?: boolean;
  readonly certPath?: string;
  readonly refreshMetricsInterval: number;
  readonly drainTimeout: number;
  readonly allowExperimentalPlugins?: boolean;
  readonly whileStdinOpen?: boolean;
  readonly logLevel: (typeof logLevels)[number];
  readonly logFormat: 'text' | 'json';
}

/** Where gRPC is answered. */
export type ListenAddress = { readonly path: string } | HostPort;

const examples = `
Envoy asks, request by request, which model server of an InferencePool is to get it. With --file the pools and their servers come from files
(InferencePools, and EndpointSlices with the labels that a pool selects), else from a Kubernetes API server (InferencePools and Pods).
"moongate run" and "moongate controller" run one by themselves for pools that name no endpoint picker.

Examples:
  moongate epp -f ./pools --listen 127.0.0.1:9002 --secure-serving=false
  moongate epp --pool-name llama --pool-namespace models --config-file config.yaml`;

export function eppCommand(): Command {
  return new Command('epp')
    .description('pick model servers for the requests to InferencePools')
    .addOption(fileOption('a file, or a directory with .yaml, .yml and .json files'))
    .addOption(new Option('--kubeconfig <path>', 'how to reach the API server (default: the service account of the Pod, else $KUBECONFIG, else ~/.kube/config)').conflicts('file'))
    .addOption(new Option('--context <name>', 'context of the kubeconfig').conflicts('file'))
    .addOption(new Option('--watch-namespace <namespace>', 'serve pools of this namespace only; may be given several times').argParser(collect).conflicts('file'))
    .option('--pool-name <name>', 'serve this pool only (default: all that name no endpoint picker)')
    .addOption(new Option('--pool-namespace <namespace>', 'where that pool is').env('NAMESPACE'))
    .addOption(new Option('--config-file <path>', 'an EndpointPickerConfig').conflicts('configText'))
    .option('--config-text <yaml>', 'the same as text')
    .addOption(new Option('--listen <unix:path|host:port>', 'where Envoy asks (default: all addresses, --grpc-port)').argParser(listenAddress))
    .option('--grpc-port <port>', 'where Envoy asks', port, 9002)
    .option('--grpc-health-port <port>', 'where health is asked for by gRPC (default: 9003 on Kubernetes)', port)
    .option('--metrics-port <port>', 'where Prometheus is answered on Kubernetes', port, 9090)
    .addOption(new Option('--metrics <unix:path|host:port|off>', 'where metrics, probes and picks are answered (default: all addresses, --metrics-port; with --file: off)').argParser((value) => (value === 'off' ? value : listenAddress(value))))
    .addOption(new Option('--secure-serving [boolean]', 'speak TLS, with a certificate of its own unless --cert-path names one (default: with a port true, with a socket false)').argParser(boolean))
    .option('--cert-path <dir>', 'directory with tls.crt and tls.key')
    .addOption(new Option('--refresh-metrics-interval <duration>', 'how often a busy model server is asked for its metrics').argParser(duration).default(200, '200ms'))
    .addOption(new Option('--drain-timeout <duration>', 'how long requests under way are waited for at the end').argParser(duration).default(30_000, '30s'))
    .option('--allow-experimental-plugins', 'let the configuration use plugins that are experimental')
    .addOption(new Option('--while-stdin-open', 'end with the standard input: for a program that starts a picker and may be killed'))
    .addOption(new Option('--log-level <level>', 'least level of the log').choices([...logLevels]).default('info'))
    .addOption(new Option('--log-format <format>', 'how to log').choices(['text', 'json']).default('text'))
    .addHelpText('after', examples)
    .action(async (options: EppOptions) => {
      const { runPicker } = await import('../epp/run-picker.ts');
      await runPicker(options);
      process.exit(ExitCode.Ok);
    });
}

/** `unix:PATH`, or HOST:PORT. */
function listenAddress(value: string): ListenAddress {
  if (value.startsWith('unix:')) {
    const path = value.slice('unix:'.length);
    if (path === '') throw new InvalidArgumentError('a path is needed after "unix:".');
    return { path };
  }
  const address = hostPortOption(value);
  if (address === 'off') throw new InvalidArgumentError('unix:PATH or HOST:PORT is needed.');
  return address;
}

/** As Go's flags have it: a flag without a value is true. */
function boolean(value: string): boolean {
  if (value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0') return false;
  throw new InvalidArgumentError('true or false is needed.');
}
