import type { ApiAccess } from './api-client.ts';

/** A kubeconfig with one cluster and one user, which holds everything it needs. */
export function kubeconfig({ server, token, ca }: ApiAccess): string {
  const name = 'moongate-test';
  return `${JSON.stringify({
    'apiVersion': 'v1',
    'kind': 'Config',
    'clusters': [{ name, cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
    'users': [{ name: 'admin', user: { token } }],
    'contexts': [{ name, context: { cluster: name, user: 'admin' } }],
    'current-context': name,
  }, null, 2)}\n`;
}

/** Reads back what `kubeconfig` wrote. */
export function parseKubeconfig(text: string): ApiAccess {
  const { clusters: [entry], users: [user] } = JSON.parse(text) as {
    clusters: { cluster: { 'server': string; 'certificate-authority-data': string } }[];
    users: { user: { token: string } }[];
  };
  if (entry === undefined || user === undefined) throw new Error('the kubeconfig names no cluster or no user');
  const { server, 'certificate-authority-data': ca } = entry.cluster;
  return { server, token: user.user.token, ca: Buffer.from(ca, 'base64').toString() };
}
