import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiClient } from '../../test/cluster/control-plane/api-client.ts';
import { createCertificates } from '../../test/cluster/control-plane/certificates.ts';
import { kubeconfig } from '../../test/cluster/control-plane/kubeconfig.ts';
import { addressPlan } from '../../test/cluster/network/address-plan.ts';
import { ensureProgram, type Progress } from '../../test/cluster/tools/ensure.ts';
import { etcd, kubernetes } from '../../test/cluster/tools/recipes.ts';
import { freePort } from '../propagation/ports.ts';
import { Program } from './program.ts';

/** An API server with nothing around it: objects are what they are said to be. */
export interface KubernetesApi extends AsyncDisposable {
  readonly client: ApiClient;
  /** Path of the administrator's. */
  readonly kubeconfig: string;
}

/** Starts etcd and an API server on loopback. Needs no root. */
export async function startKubernetesApi(directory: string, onProgress: Progress): Promise<KubernetesApi> {
  const programs = { etcd: await ensureProgram(etcd, 'etcd', onProgress), apiServer: await ensureProgram(kubernetes.apiServer, 'kube-apiserver', onProgress) };
  mkdirSync(directory, { recursive: true });
  const pki = join(directory, 'pki');
  const certificates = await createCertificates(pki, addressPlan(0));
  const [clients, peers, port] = [await freePort(), await freePort(), await freePort()];
  const access = { server: `https://127.0.0.1:${port}`, token: randomBytes(16).toString('hex'), ca: readFileSync(certificates.ca, 'utf8') };
  const tokens = join(pki, 'tokens.csv');
  writeFileSync(tokens, `${access.token},admin,admin,"system:masters"\n`, { mode: 0o600 });
  const config = join(directory, 'kubeconfig');
  writeFileSync(config, kubeconfig(access), { mode: 0o600 });

  await using stack = new AsyncDisposableStack();
  const store = `http://127.0.0.1:${clients}`;
  const peer = `http://127.0.0.1:${peers}`;
  stack.use(new Program({
    name: 'etcd', command: programs.etcd, directory,
    args: [
      '--data-dir', join(directory, 'etcd'), '--listen-client-urls', store, '--advertise-client-urls', store, '--listen-peer-urls', peer,
      '--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`, '--unsafe-no-fsync', '--log-level', 'warn',
    ],
  }));
  const { serving, serviceAccounts } = certificates;
  const server = stack.use(new Program({
    name: 'kube-apiserver', command: programs.apiServer, directory,
    args: [
      '--etcd-servers', store, '--cert-dir', pki, '--tls-cert-file', serving.certificate, '--tls-private-key-file', serving.key,
      // Nobody looks for it in the Service `kubernetes`, whose endpoints must not be on loopback.
      '--bind-address', '127.0.0.1', '--secure-port', String(port), '--endpoint-reconciler-type', 'none', '--service-cluster-ip-range', addressPlan(0).services,
      '--token-auth-file', tokens, '--anonymous-auth=false', '--authorization-mode', 'RBAC',
      // Nobody makes service accounts, and Pods here run nothing.
      '--disable-admission-plugins', 'ServiceAccount',
      '--service-account-key-file', serviceAccounts.publicKey, '--service-account-signing-key-file', serviceAccounts.privateKey,
      '--service-account-issuer', 'https://kubernetes.default.svc.cluster.local',
    ],
  }));
  const client = new ApiClient(access);
  stack.defer(() => client.close());
  await server.until('it is ready', async () => (await client.send<string>('/readyz')) === 'ok', 180_000);
  const all = stack.move();
  return { client, kubeconfig: config, [Symbol.asyncDispose]: () => all.disposeAsync() };
}
