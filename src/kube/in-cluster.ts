import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeConnection } from './connection.ts';
import { tokenFileCredentials } from './credentials.ts';

/** Where kubelet puts what a Pod's service account needs. */
const ROOT = '/var/run/secrets/kubernetes.io/serviceaccount';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Whether this process runs in a Pod that has a service account's token. */
export function isInCluster(environment: Environment, root = ROOT): boolean {
  return (environment['KUBERNETES_SERVICE_HOST'] ?? '') !== '' && existsSync(join(root, 'token'));
}

/** The API server of the cluster that this Pod runs in. */
export function inClusterConnection(environment: Environment, root = ROOT): KubeConnection {
  const host = environment['KUBERNETES_SERVICE_HOST'] ?? '';
  const port = environment['KUBERNETES_SERVICE_PORT'] ?? '443';
  const namespaceFile = join(root, 'namespace');
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    tls: { ca: readFileSync(join(root, 'ca.crt'), 'utf8') },
    credentials: tokenFileCredentials(join(root, 'token')),
    namespace: existsSync(namespaceFile) ? readFileSync(namespaceFile, 'utf8').trim() : 'default',
  };
}
