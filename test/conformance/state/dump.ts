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
  /** Where the controller and, unless they live beside their Gateways, the proxies run. */
  readonly controllerNamespace: string;
}

const groups = ['gateway.networking.k8s.io', 'gateway.envoyproxy.io'] as const;
const logLines = 5000;
const timeoutMs = 30_000;

/** Writes the state of a cluster to files: the API's objects with their statuses, Pods and Services, events, logs. What cannot be had says so in its file. */
export async function dumpState(options: DumpOptions): Promise<void> {
  const { folder, controllerNamespace } = options;
  await mkdir(folder, { recursive: true });
  const names = await Promise.all(groups.map((group) => kubectl(options, ['api-resources', `--api-group=${group}`, '--verbs=list', '-o', 'name'])));
  const kinds = names.flatMap((text) => text.split('\n')).filter((name) => /^[a-z.0-9]+$/.test(name));
  const pods = await kubectl(options, ['get', 'pods', '-n', controllerNamespace, '-o', 'jsonpath={range .items[*]}{.metadata.name} {.status.containerStatuses[*].restartCount}{"\\n"}{end}']);
  const files: readonly (readonly [string, readonly string[]])[] = [
    ['gateway-api.yaml', ['get', kinds.join(','), '-A', '-o', 'yaml']],
    ['workloads.txt', ['get', 'pods,services,deployments,daemonsets,endpointslices', '-A', '-o', 'wide']],
    ['events.txt', ['get', 'events', '-A', '--sort-by=.lastTimestamp']],
    ...logsOf(pods, controllerNamespace),
  ];
  await Promise.all(files.map(async ([file, args]) => writeFile(join(folder, file), await kubectl(options, args))));
}

/** A file for each Pod, and one for what it said before it was restarted. `pods` has a name and the restarts of its containers in each line. */
function logsOf(pods: string, namespace: string): [string, string[]][] {
  const lines = pods.split('\n').filter((line) => /^[a-z0-9.-]+( \d+)*$/.test(line));
  return lines.flatMap((line) => {
    const [pod = '', ...restarts] = line.split(' ');
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
