import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { KubeClient } from './client.ts';
import type { KubeClientOptions } from './client.ts';
import type { KubeConnection } from './connection.ts';
import { inClusterConnection, isInCluster } from './in-cluster.ts';
import type { Environment } from './in-cluster.ts';
import { kubeconfigConnection } from './kubeconfig.ts';

export interface LoadOptions extends Omit<KubeClientOptions, 'connection'> {
  /** A kubeconfig file. Without one: the Pod's service account, else `$KUBECONFIG`, else `~/.kube/config`. */
  readonly kubeconfig?: string | undefined;
  /** A context of the kubeconfig; its current one unless given. */
  readonly context?: string | undefined;
  readonly environment?: Environment;
}

/** A client of the API server that the options or the surroundings name. Throws an error that names file and entry. */
export function loadKubeClient({ kubeconfig, context, environment = process.env, ...options }: LoadOptions): KubeClient {
  return new KubeClient({ ...options, connection: connectionOf(kubeconfig, context, environment) });
}

function connectionOf(kubeconfig: string | undefined, context: string | undefined, environment: Environment): KubeConnection {
  if (kubeconfig !== undefined) return kubeconfigConnection([kubeconfig], context);
  if (isInCluster(environment)) return inClusterConnection(environment);
  const listed = (environment['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  return kubeconfigConnection(listed.length > 0 ? listed : [join(homedir(), '.kube', 'config')], context);
}
