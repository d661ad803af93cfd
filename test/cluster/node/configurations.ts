import { join } from 'node:path';
import type { AddressPlan } from '../network/address-plan.ts';

/** Where the parts of a node keep their things. */
export interface NodePaths {
  readonly containerdSocket: string;
  readonly containerdRoot: string;
  readonly containerdState: string;
  readonly runcRoot: string;
  readonly cniConf: string;
  readonly cniAddresses: string;
  readonly kubeletRoot: string;
  readonly kubeletCertificates: string;
  readonly podLogs: string;
}

export function nodePaths(dir: string): NodePaths {
  return {
    containerdSocket: join(dir, 'containerd.sock'),
    containerdRoot: join(dir, 'containerd'),
    containerdState: join(dir, 'state'),
    runcRoot: join(dir, 'runc'),
    cniConf: join(dir, 'cni'),
    cniAddresses: join(dir, 'ipam'),
    kubeletRoot: join(dir, 'kubelet'),
    kubeletCertificates: join(dir, 'pki'),
    podLogs: join(dir, 'podlogs'),
  };
}

/** The image of the container that holds a Pod's namespaces. */
export const pauseImage = 'docker.io/moongate-test/pause:1';

/** TOML. */
export function containerdConfig(paths: NodePaths): string {
  return `version = 3
root = "${paths.containerdRoot}"
state = "${paths.containerdState}"
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.erofs", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "${paths.containerdSocket}"
[plugins.'io.containerd.cri.v1.runtime']
  netns_mounts_under_state_dir = true
  # Where CAP_SYS_RESOURCE is missing, runc fails with "can't get final child's PID from pipe" without this.
  restrict_oom_score_adj = true
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ["/usr/lib/cni"]
    conf_dir = "${paths.cniConf}"
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
      Root = "${paths.runcRoot}"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "${pauseImage}"
`;
}

/** A bridge for the node's Pods, JSON. */
export function cniConfig(paths: NodePaths, subnet: string): string {
  return JSON.stringify({
    cniVersion: '1.0.0',
    name: 'pods',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        hairpinMode: true,
        ipam: { type: 'host-local', dataDir: paths.cniAddresses, ranges: [[{ subnet }]], routes: [{ dst: '0.0.0.0/0' }] },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  }, null, 2);
}

/** JSON, which is YAML. */
export function kubeletConfig({ paths, plan, cgroup, clientCa }: { paths: NodePaths; plan: AddressPlan; cgroup: string; clientCa: string }): string {
  return JSON.stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroup}`,
    failSwapOn: false,
    containerRuntimeEndpoint: `unix://${paths.containerdSocket}`,
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: clientCa } },
    authorization: { mode: 'Webhook' },
    clusterDNS: [plan.dns],
    clusterDomain: 'cluster.local',
    resolvConf: '',
    maxPods: 250,
    // Pods start and end in crowds.
    serializeImagePulls: false,
    kubeAPIQPS: 100,
    kubeAPIBurst: 200,
    syncFrequency: '5s',
    nodeStatusUpdateFrequency: '4s',
    evictionHard: { 'nodefs.available': '0%', 'imagefs.available': '0%', 'memory.available': '50Mi' },
    imageGCHighThresholdPercent: 100,
    podLogsDir: paths.podLogs,
  }, null, 2);
}

/** JSON, which is YAML. */
export function proxyConfig({ plan, kubeconfig, node }: { plan: AddressPlan; kubeconfig: string; node: string }): string {
  return JSON.stringify({
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig, qps: 100, burst: 200 },
    mode: 'nftables',
    clusterCIDR: plan.pods,
    hostnameOverride: node,
    conntrack: { maxPerCore: 0 },
    nftables: { minSyncPeriod: '50ms' },
  }, null, 2);
}
