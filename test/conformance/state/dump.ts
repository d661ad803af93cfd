import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../../src/util/error-message.ts';
import { run } from '../../cluster/tools/run.ts';

/** Where to look, and where to put what is found. */
export interface DumpOptions {
  /** The program. */
  readonly kubectl: string;
  readonly kubeconfig: string;
  /** Folder, made unless it is there. */
  readonly folder: string;
  /** Where the controller runs. */
  readonly controllerNamespace: string;
}

const groups = ['gateway.networking.k8s.io', 'gateway.envoyproxy.io', 'inference.networking.k8s.io'] as const;
const proxyLabel = 'gateway.envoyproxy.io/owning-gateway-name';
/** Namespace, name, and how often each container was restarted. */
const podLine = '{range .items[*]}{.metadata.namespace} {.metadata.name} {.status.containerStatuses[*].restartCount}{"\\n"}{end}';
const logLines = 5000;
const timeoutMs = 30_000;

/** Writes the state of a cluster to files: the API's objects with their statuses, Pods and Services, events, logs. What cannot be had says so in its file. */
export async function dumpState(options: DumpOptions): Promise<void> {
  const { folder, controllerNamespace } = options;
  await mkdir(folder, { recursive: true });
  const names = await Promise.all(groups.map((group) => kubectl(options, ['api-resources', `--api-group=${group}`, '--verbs=list', '-o', 'name'])));
  const kinds = names.flatMap((text) => text.split('\n')).filter((name) => /^[a-z.0-9]+$/.test(name));
  // Proxies run beside the controller or beside their Gateways.
  const selections = [['-n', controllerNamespace], ['-A', '-l', proxyLabel]];
  const pods = await Promise.all(selections.map((selection) => kubectl(options, ['get', 'pods', ...selection, '-o', `jsonpath=${podLine}`])));
  const files: readonly (readonly [string, readonly string[]])[] = [
    ['gateway-api.yaml', ['get', kinds.join(','), '-A', '-o', 'yaml']],
    ['workloads.txt', ['get', 'pods,services,deployments,daemonsets,endpointslices', '-A', '-o', 'wide']],
    ['events.txt', ['get', 'events', '-A', '--sort-by=.lastTimestamp']],
    ...logsOf(pods.join('')),
  ];
  // One after another: the cluster has tests to run.
  for (const [file, args] of files) await writeFile(join(folder, file), await kubectl(options, args));
}

/** A file for each Pod, and one for what it said before it was restarted. */
function logsOf(pods: string): [string, string[]][] {
  const lines = new Set(pods.split('\n').filter((line) => /^[a-z0-9-]+ [a-z0-9.-]+( \d+)*$/.test(line)));
  return [...lines].flatMap((line) => {
    const [namespace = '', pod = '', ...restarts] = line.split(' ');
    const args = ['logs', '-n', namespace, pod, '--all-containers', '--prefix', `--tail=${logLines}`];
    const before: [string, string[]][] = restarts.some((count) => count !== '0') ? [[`${pod}-before.log`, [...args, '--previous']]] : [];
    return [[`${pod}.log`, args], ...before];
  });
}

async function kubectl({ kubectl: program, kubeconfig }: DumpOptions, args: readonly string[]): Promise<string> {
  try {
    return await run(program, args, { env: { KUBECONFIG: kubeconfig }, timeout: timeoutMs });
  } catch (error) {
    return `${messageOf(error)}\n`;
  }
}
