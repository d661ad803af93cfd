import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApiAccess } from './api-client.ts';
import { ApiClient } from './api-client.ts';
import type { Certificates } from './certificates.ts';
import { createCertificates } from './certificates.ts';
import { kubeconfig } from './kubeconfig.ts';
import { Component } from '../lifetime/component.ts';
import type { Machine } from '../lifetime/machine.ts';
import type { AddressPlan } from '../network/address-plan.ts';

/** What runs on the control plane's machine, and how it is reached. */
export interface ControlPlane {
  readonly etcd: Component;
  /** Where etcd keeps everything. */
  readonly etcdDir: string;
  readonly apiServer: Component;
  /** A second API server that nobody knows of. It does not run until it is wanted. */
  readonly backDoor: Component;
  readonly backDoorAccess: ApiAccess;
  readonly controllerManager: Component;
  readonly scheduler: Component;
  readonly access: ApiAccess;
  readonly client: ApiClient;
  readonly certificates: Certificates;
  /** Path of a kubeconfig for the administrator. */
  readonly kubeconfig: string;
}

/** What a control plane is made from. */
export interface ControlPlaneOptions {
  readonly plan: AddressPlan;
  readonly dir: string;
  readonly machine: Machine;
  /** Path of a program. */
  readonly program: (name: string) => string;
  /** More arguments for the API server, whichever. */
  readonly apiServerArgs: readonly string[];
}

/** A cold start on a loaded machine. */
const readyMs = 180_000;
const port = 6443;
const backDoorPort = 6444;

/** Starts etcd and the API server, and the controllers as soon as it answers. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { plan, dir, machine, program, apiServerArgs: more } = options;
  const pki = join(dir, 'pki');
  const certificates = await createCertificates(pki, plan);
  const token = randomBytes(16).toString('hex');
  const tokens = join(pki, 'tokens.csv');
  await writeFile(tokens, `${token},admin,admin,"system:masters"\n`, { mode: 0o600 });
  const access = { server: `https://${plan.controlPlane}:${port}`, token, ca: await readFile(certificates.ca, 'utf8') };
  const config = join(dir, 'kubeconfig');
  await writeFile(config, kubeconfig(access), { mode: 0o600 });

  const component = (name: string, args: readonly string[]): Component => new Component({ name, machine, dir, command: program(name), args });
  const etcdDir = join(dir, 'etcd');
  await mkdir(etcdDir, { mode: 0o700 });
  const etcd = component('etcd', etcdArgs(etcdDir));
  const apiServer = component('kube-apiserver', [...apiServerArgs({ plan, pki, tokens, certificates }), ...more]);
  const backDoor = new Component({
    name: 'kube-apiserver-back-door', machine, dir, command: program('kube-apiserver'),
    // It must not become an endpoint of the Service `kubernetes`.
    args: [...apiServerArgs({ plan, pki, tokens, certificates, port: backDoorPort }), ...more, '--endpoint-reconciler-type', 'none'],
  });
  const controllerManager = component('kube-controller-manager', [
    '--kubeconfig', config, '--leader-elect=false', '--bind-address', '127.0.0.1', '--cert-dir', join(pki, 'controller-manager'),
    '--service-account-private-key-file', certificates.serviceAccounts.privateKey, '--root-ca-file', certificates.ca,
    '--concurrent-deployment-syncs', '10', '--concurrent-service-endpoint-syncs', '10',
  ]);
  const scheduler = component('kube-scheduler', ['--kubeconfig', config, '--leader-elect=false', '--bind-address', '127.0.0.1', '--cert-dir', join(pki, 'scheduler')]);
  const client = new ApiClient(access);
  etcd.start();
  apiServer.start();
  await apiServer.until('the API server is ready', async () => (await client.send<string>('/readyz')) === 'ok', readyMs);
  controllerManager.start();
  scheduler.start();
  const backDoorAccess = { ...access, server: `https://${plan.controlPlane}:${backDoorPort}` };
  return { etcd, etcdDir, apiServer, backDoor, backDoorAccess, controllerManager, scheduler, access, client, certificates, kubeconfig: config };
}

function etcdArgs(data: string): string[] {
  const [clients, peers] = ['http://127.0.0.1:2379', 'http://127.0.0.1:2380'];
  return [
    '--data-dir', data, '--listen-client-urls', clients, '--advertise-client-urls', clients, '--listen-peer-urls', peers,
    // Nothing here has to survive a power cut.
    '--unsafe-no-fsync', '--log-level', 'warn',
  ];
}

interface ApiServerSettings {
  readonly plan: AddressPlan;
  readonly pki: string;
  readonly tokens: string;
  readonly certificates: Certificates;
  readonly port?: number;
}

function apiServerArgs({ plan, pki, tokens, certificates, port: secure = port }: ApiServerSettings): string[] {
  const { ca, serving, kubeletClient, frontProxy, frontProxyCa, serviceAccounts } = certificates;
  return [
    '--etcd-servers', 'http://127.0.0.1:2379', '--cert-dir', pki, '--tls-cert-file', serving.certificate, '--tls-private-key-file', serving.key,
    '--bind-address', plan.controlPlane, '--advertise-address', plan.controlPlane, '--secure-port', String(secure), '--service-cluster-ip-range', plan.services,
    '--client-ca-file', ca, '--token-auth-file', tokens, '--anonymous-auth=false', '--authorization-mode', 'Node,RBAC', '--allow-privileged',
    '--service-account-key-file', serviceAccounts.publicKey, '--service-account-signing-key-file', serviceAccounts.privateKey,
    '--service-account-issuer', 'https://kubernetes.default.svc.cluster.local',
    '--kubelet-client-certificate', kubeletClient.certificate, '--kubelet-client-key', kubeletClient.key, '--kubelet-preferred-address-types', 'InternalIP',
    // No kube-proxy runs on the control plane: webhooks and aggregated servers are reached at their Pods.
    '--enable-aggregator-routing', '--requestheader-client-ca-file', frontProxyCa, '--requestheader-allowed-names', 'front-proxy-client',
    '--requestheader-extra-headers-prefix', 'X-Remote-Extra-', '--requestheader-group-headers', 'X-Remote-Group', '--requestheader-username-headers', 'X-Remote-User',
    '--proxy-client-cert-file', frontProxy.certificate, '--proxy-client-key-file', frontProxy.key,
    // How long it keeps answering after it was asked to end is not what is tested.
    '--shutdown-delay-duration', '0s', '--shutdown-send-retry-after=false',
  ];
}
