import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cniConfig, containerdConfig, kubeletConfig, nodePaths, proxyConfig } from './configurations.ts';
import { separateMounts } from './mounts.ts';
import { cloneStore } from '../images/store.ts';
import { createCgroup } from '../lifetime/cgroups.ts';
import { Component } from '../lifetime/component.ts';
import { runOn } from '../lifetime/machine.ts';
import type { Machine } from '../lifetime/machine.ts';
import { podCidr } from '../network/address-plan.ts';
import type { AddressPlan } from '../network/address-plan.ts';
import { systemPath } from '../tools/packages.ts';

/** A node: a machine with a container runtime, a kubelet and a kube-proxy. */
export interface ClusterNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly machine: Machine;
  readonly address: string;
  readonly containerd: Component;
  readonly kubelet: Component;
  readonly proxy: Component;
  /** Imports further image archives; the node has them when it resolves. */
  importImages(archives: readonly string[]): Promise<void>;
}

/** What a node is made from. */
export interface NodeOptions {
  readonly plan: AddressPlan;
  readonly index: number;
  readonly machine: Machine;
  readonly labels: Readonly<Record<string, string>>;
  readonly clusterDir: string;
  /** The store of images that it begins with. */
  readonly store: string;
  /** Path of a program. */
  readonly program: (name: string) => string;
}

/** What the node needs of the control plane. */
export interface NodeAccess {
  readonly kubeconfig: string;
  /** Authority of the API server's client certificate. */
  readonly clientCa: string;
}

const containerdMs = 90_000;
const importMs = 5 * 60 * 1000;

/** Prepares a node and starts its container runtime, which needs no control plane. */
export async function prepareNode(options: NodeOptions): Promise<ClusterNode & { join(access: NodeAccess): Promise<void> }> {
  const { plan, index, labels, clusterDir, store, program } = options;
  const { name, netns: cgroup, address } = options.machine;
  const dir = join(clusterDir, name);
  const paths = nodePaths(dir);
  const kubeletFile = join(dir, 'kubelet.json');
  const proxyFile = join(dir, 'proxy.json');
  const containerdFile = join(dir, 'containerd.toml');
  for (const folder of [paths.cniConf, paths.kubeletCertificates]) await mkdir(folder, { recursive: true });
  await cloneStore(store, paths.containerdRoot);
  await writeFile(containerdFile, containerdConfig(paths));
  await writeFile(join(paths.cniConf, '10-pods.conflist'), cniConfig(paths, podCidr(plan, index)));
  await createCgroup(cgroup);
  const { machine } = await separateMounts(options.machine, { dir, clusterDir });

  const start = (component: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Component =>
    new Component({ name: component, machine, dir: clusterDir, command: program(component), args, env });
  const containerd = start('containerd', ['-c', containerdFile, '-l', 'warn'], { PATH: `${dirname(program('containerd'))}:${systemPath}` });
  const wanted = Object.entries(labels).map(([key, value]) => `${key}=${value}`).join(',');
  const kubeconfig = join(clusterDir, 'kubeconfig');
  const kubelet = start('kubelet', [
    '--config', kubeletFile, '--kubeconfig', kubeconfig, '--root-dir', paths.kubeletRoot, '--cert-dir', paths.kubeletCertificates,
    '--hostname-override', name, '--node-ip', address, ...(wanted === '' ? [] : ['--node-labels', wanted]),
  ]);
  const proxy = start('kube-proxy', ['--config', proxyFile]);
  const ctr = (...args: readonly string[]): Promise<string> => runOn(machine, program('ctr'), ['-a', paths.containerdSocket, '-n', 'k8s.io', ...args], { timeout: importMs });
  containerd.start();
  await containerd.until('containerd answers', async () => (await ctr('version')) !== '', containerdMs);

  return {
    name, labels, machine, address, containerd, kubelet, proxy,
    importImages: async (archives) => {
      await Promise.all(archives.map((archive) => ctr('images', 'import', '--local', archive)));
    },
    join: async (access) => {
      await writeFile(kubeletFile, kubeletConfig({ paths, plan, cgroup, clientCa: access.clientCa }));
      await writeFile(proxyFile, proxyConfig({ plan, kubeconfig: access.kubeconfig, node: name }));
      kubelet.start();
      proxy.start();
    },
  };
}
