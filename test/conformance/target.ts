import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { startCluster } from '../cluster/cluster.ts';
import { imagesFor, install } from '../cluster/install/install.ts';
import type { Installation } from '../cluster/install/install.ts';
import { applyCrds } from './crds.ts';
import type { Options } from './options.ts';
import type { Implementation } from './suite/arguments.ts';

/** A cluster with an implementation in it. */
export interface Target extends AsyncDisposable {
  readonly kubeconfig: string;
  /** Where the controller runs. */
  readonly controllerNamespace: string;
  readonly implementation: Implementation;
  readonly addresses: Addresses;
}

/** Addresses for tests in which a Gateway asks for one. */
export interface Addresses {
  readonly usable: string;
  /** Of a network that is kept for documentation (RFC 5737): nobody gives it out. */
  readonly unusable: string;
}

export const controllerNamespace = 'envoy-gateway-system';

/** A cluster that runs already. Its load balancers' addresses follow from the address of its API server. */
export async function existingTarget(kubeconfig: string, options: Pick<Options, 'peer'>): Promise<Target> {
  const { clusters } = parse(await readFile(kubeconfig, 'utf8')) as { clusters?: readonly { readonly cluster?: { readonly server?: string } }[] };
  const server = clusters?.[0]?.cluster?.server ?? '';
  return {
    kubeconfig,
    controllerNamespace,
    implementation: await implementationOf(options),
    addresses: addressesBeside(server),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** The addresses for a cluster whose API server is at `https://10.S.0.2:6443`: its load balancers have 10.S.1.0/24, from .200 on for those who ask. */
export function addressesBeside(server: string): Addresses {
  const network = /^https:\/\/(\d+\.\d+)\.0\.\d+(?::\d+)?$/.exec(server)?.[1];
  if (network === undefined) throw new Error(`the API server at ${server || '(no address)'} is none of test/cluster: no address is known that a Gateway may ask for`);
  return { usable: `${network}.1.240`, unusable: '192.0.2.240' };
}

async function implementationOf({ peer }: Pick<Options, 'peer'>): Promise<Implementation> {
  if (peer === 'envoy-gateway') {
    return { organization: 'envoyproxy', project: 'envoy-gateway', url: 'https://gateway.envoyproxy.io', version: 'v1.9.1', contact: '@envoyproxy/gateway-maintainers' };
  }
  const { name, version, homepage, bugs } = JSON.parse(await readFile(join(import.meta.dirname, '../../package.json'), 'utf8')) as { name: string; version: string; homepage: string; bugs: string };
  return { organization: name, project: name, url: homepage, version: `v${version}`, contact: bugs };
}

/**
 * Suites insist on CRDs of their own version, and the chart would bring those of the version that it follows. And they look for proxies, and for what a
 * Gateway's infrastructure is labelled with, in the Gateway's namespace.
 */
const chartValues = ['crds.enabled=false', 'config.envoyGateway.provider.kubernetes.deploy.type=GatewayNamespace'];

/** How to start a cluster. */
export interface StartOptions {
  readonly print: (line: string) => void;
  readonly signal: AbortSignal;
}

/** A new cluster with the CRDs that were asked for and the implementation. It goes when it is disposed of, unless it is to be kept. */
export async function newTarget(options: Options, { print, signal }: StartOptions): Promise<Target> {
  const { peer, keep, suite } = options;
  const installation: Installation = peer === undefined ? { install: 'moongate', set: [...chartValues, ...options.set] } : { install: peer };
  const cluster = await startCluster({ images: [...imagesFor(installation), ...suite.images(options.picker)], onProgress: print, signal });
  try {
    if (peer === undefined) await applyCrds(cluster, { channel: options.channel, version: options.crds, more: suite.definitions });
    await install(cluster, { ...installation, onProgress: print });
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return {
    kubeconfig: cluster.kubeconfig,
    controllerNamespace,
    implementation: await implementationOf(options),
    addresses: addressesBeside(cluster.controlPlane.access.server),
    [Symbol.asyncDispose]: async () => {
      if (!keep) return cluster.stop();
      await cluster.detach();
      print(`the cluster is left running: export KUBECONFIG=${cluster.kubeconfig}`);
    },
  };
}
