import type { Recipe } from './recipe.ts';

const kubernetesVersion = 'v1.36.3';
const kubernetesParts = 'v0.36.3';

/** Programs of Kubernetes itself, each a tool of its own: none is built before it is asked for. */
export const kubernetes = {
  apiServer: kubernetesProgram('kube-apiserver', 3),
  controllerManager: kubernetesProgram('kube-controller-manager', 1),
  kubelet: kubernetesProgram('kubelet', 1),
  proxy: kubernetesProgram('kube-proxy', 1),
  scheduler: kubernetesProgram('kube-scheduler', 1),
  kubectl: kubernetesProgram('kubectl', 1),
} as const;

function kubernetesProgram(name: string, minutes: number): Recipe {
  const module = 'k8s.io/kubernetes';
  return {
    name,
    version: kubernetesVersion,
    source: { files: {}, requires: { [module]: kubernetesVersion }, staged: { of: module, version: kubernetesParts } },
    programs: { [name]: `${module}/cmd/${name}` },
    // Clients and charts ask for the version; a program that was built without these says v0.0.0.
    variables: Object.fromEntries(['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((path) => [
      [`${path}.gitVersion`, kubernetesVersion], [`${path}.gitMajor`, '1'], [`${path}.gitMinor`, '36'], [`${path}.gitTreeState`, 'clean'],
    ])),
    minutes,
  };
}

/** The module's own main package only wraps this call, in a module that cannot be built from outside. */
export const etcd: Recipe = {
  name: 'etcd',
  version: 'v3.7.3',
  source: {
    requires: { 'go.etcd.io/etcd/server/v3': 'v3.7.3' },
    files: {
      'main.go': `package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
`,
    },
  },
  programs: { etcd: '.' },
  minutes: 1,
};

export const containerd: Recipe = {
  name: 'containerd',
  version: 'v2.2.0',
  source: { module: 'github.com/containerd/containerd/v2' },
  programs: { 'containerd': './cmd/containerd', 'containerd-shim-runc-v2': './cmd/containerd-shim-runc-v2', 'ctr': './cmd/ctr' },
  minutes: 2,
};

/** With the plugins of our Corefile and a few for experiments; all of them would take in the clients of three clouds. */
export const coreDns: Recipe = {
  name: 'coredns',
  version: 'v1.13.1',
  source: {
    requires: { 'github.com/coredns/coredns': 'v1.13.1' },
    files: {
      'main.go': `package main

import (
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/forward"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/hosts"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/log"
	_ "github.com/coredns/coredns/plugin/ready"
	_ "github.com/coredns/coredns/plugin/reload"

	"github.com/coredns/coredns/coremain"
)

func main() { coremain.Run() }
`,
    },
  },
  programs: { coredns: '.' },
  minutes: 2,
};

/** The echo server of the Gateway API's conformance suite. */
export const echoBasic: Recipe = {
  name: 'echo-basic',
  version: 'v1.6.3',
  source: { module: 'sigs.k8s.io/gateway-api/conformance', folder: 'echo-basic' },
  programs: { 'echo-basic': '.' },
  minutes: 1,
};

export const helm: Recipe = {
  name: 'helm',
  version: 'v3.19.2',
  source: { module: 'helm.sh/helm/v3' },
  programs: { helm: './cmd/helm' },
  minutes: 2,
};

/** What keeps a Pod's namespaces: it waits for its end. */
export const pause: Recipe = {
  name: 'pause',
  version: '1',
  source: {
    requires: {},
    files: {
      'main.go': `package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGINT, syscall.SIGTERM)
	<-end
}
`,
    },
  },
  programs: { pause: '.' },
  minutes: 1,
};

export const envoyGateway: Recipe = {
  name: 'envoy-gateway',
  version: 'v1.9.1',
  source: { module: 'github.com/envoyproxy/gateway' },
  programs: { 'envoy-gateway': './cmd/envoy-gateway' },
  minutes: 4,
};

export const metricsServer: Recipe = {
  name: 'metrics-server',
  version: 'v0.8.0',
  source: { module: 'sigs.k8s.io/metrics-server' },
  programs: { 'metrics-server': './cmd/metrics-server' },
  minutes: 2,
};
