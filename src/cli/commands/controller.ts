import { Command, Option } from 'commander';
import { ExitCode } from '../errors.ts';
import { adminOption, hostPortOption, type HostPort } from '../host-port.ts';
import { logLevels } from '../log.ts';
import { collect, controllerNameOption, duration, port } from '../options.ts';

export interface ControllerCommandOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly controllerName?: readonly string[];
  readonly namespace: string;
  readonly deploy: 'ControllerNamespace' | 'GatewayNamespace';
  readonly watchNamespace?: readonly string[];
  readonly watchNamespaceSelector?: string;
  readonly xdsPort: number;
  readonly xdsHost?: string;
  readonly clusterDomain: string;
  readonly envoyImage: string;
  readonly helperImage: string;
  readonly endpointPicker?: HostPort | 'off';
  readonly admin: HostPort | 'off';
  readonly health: HostPort | 'off';
  readonly metrics: HostPort | 'off';
  readonly leaderElection: boolean;
  readonly leaseDuration: number;
  readonly renewDeadline: number;
  readonly retryPeriod: number;
  readonly certificateSettle: number;
  readonly logLevel: (typeof logLevels)[number];
  readonly logFormat: 'text' | 'json';
}

const examples = `
In a cluster, the Helm chart runs this command with the permissions that it needs. SIGTERM ends it and leaves the proxies running; they go on
with what they have.

Examples:
  moongate controller --namespace moongate-system --xds-host 10.0.0.5 --helper-image example.com/moongate:dev`;

export function controllerCommand(): Command {
  return new Command('controller')
    .description('serve the Gateways of a Kubernetes cluster with Envoy Deployments')
    .option('--kubeconfig <path>', 'how to reach the API server (default: the service account of the Pod, else $KUBECONFIG, else ~/.kube/config)')
    .option('--context <name>', 'context of the kubeconfig')
    .addOption(controllerNameOption())
    .addOption(new Option('--namespace <namespace>', 'where this program and, unless told otherwise, the proxies live').env('POD_NAMESPACE').default('moongate-system'))
    .addOption(
      new Option('--deploy <where>', "where the proxies' objects live").choices(['ControllerNamespace', 'GatewayNamespace']).default('ControllerNamespace'),
    )
    .addOption(new Option('--watch-namespace <namespace>', 'serve objects of this namespace only; may be given several times').argParser(collect))
    .addOption(new Option('--watch-namespace-selector <selector>', 'serve objects of namespaces with these labels only').conflicts('watchNamespace'))
    .option('--xds-port <port>', 'where Envoys get their configuration', port, 18_000)
    .option('--xds-host <host>', 'how Envoys reach this program (default: envoy-gateway.NAMESPACE.svc)')
    .addOption(new Option('--cluster-domain <domain>', 'DNS domain of the cluster').env('KUBERNETES_CLUSTER_DOMAIN').default('cluster.local'))
    .addOption(new Option('--envoy-image <image>', 'image of the proxies').env('MOONGATE_ENVOY_IMAGE').default('docker.io/envoyproxy/envoy:distroless-v1.40.0'))
    .addOption(
      new Option('--helper-image <image>', 'image of this program, which helps each Envoy to drain').env('MOONGATE_HELPER_IMAGE').makeOptionMandatory(),
    )
    .addOption(new Option('--endpoint-picker <service:port|off>', 'a Service in this namespace with endpoint pickers, for InferencePools that name none').argParser(hostPortOption))
    .addOption(new Option('--admin <host:port|off>', 'where status, explain and configuration are answered').argParser(adminOption).default(adminOption('127.0.0.1:19000'), '127.0.0.1:19000'))
    .addOption(new Option('--health <host:port|off>', 'where probes are answered').argParser(hostPortOption).default(hostPortOption('0.0.0.0:8081'), '0.0.0.0:8081'))
    .addOption(new Option('--metrics <host:port|off>', 'where Prometheus is answered').argParser(hostPortOption).default(hostPortOption('0.0.0.0:19001'), '0.0.0.0:19001'))
    .option('--no-leader-election', 'write without asking others: for a single replica')
    .addOption(new Option('--lease-duration <duration>', 'how long others wait for a leader that is silent').argParser(duration).default(15_000, '15s'))
    .addOption(new Option('--renew-deadline <duration>', 'when a leader that cannot renew its lease gives up').argParser(duration).default(10_000, '10s'))
    .addOption(new Option('--retry-period <duration>', 'how often the lease is looked at').argParser(duration).default(2_000, '2s'))
    .addOption(new Option('--certificate-settle <duration>', 'how long a new authority is known everywhere before it is used').argParser(duration).default(600_000, '10m'))
    .addOption(new Option('--log-level <level>', 'least level of the log').choices([...logLevels]).default('info'))
    .addOption(new Option('--log-format <format>', 'how to log').choices(['text', 'json']).default('text'))
    .addHelpText('after', examples)
    .action(async (options: ControllerCommandOptions) => {
      const { runController } = await import('../controller/run-controller.ts');
      await runController(options);
      process.exit(ExitCode.Ok);
    });
}
