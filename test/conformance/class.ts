import { run } from '../cluster/tools/run.ts';
import { envoyImage } from '../cluster/images/catalog.ts';
import { eventually } from '../cluster/lifetime/eventually.ts';

/** The GatewayClass that a run makes, unless it is told to use another. */
export const className = 'conformance';

const acceptedWithinMs = 120_000;
const pollMs = 200;

/**
 * Makes the class, with proxies that ask for little: there are up to fifty Gateways at a time, and by default each proxy asks
 * for a tenth of a processor, so that on a small machine the suite would wait for room.
 */
export async function applyClass({ kubectl, kubeconfig, controllerNamespace }: Omit<ClassQuery, 'gatewayClass' | 'signal'> & { readonly controllerNamespace: string }): Promise<void> {
  // With an EnvoyProxy of the class, Envoy Gateway forgets the image that it was installed with.
  const container = { image: envoyImage, resources: { requests: { cpu: '10m', memory: '32Mi' } } };
  const parameters = {
    apiVersion: 'gateway.envoyproxy.io/v1alpha1',
    kind: 'EnvoyProxy',
    metadata: { name: className, namespace: controllerNamespace },
    spec: { provider: { type: 'Kubernetes', kubernetes: { envoyDeployment: { container } } } },
  };
  const gatewayClass = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'GatewayClass',
    metadata: { name: className },
    spec: {
      controllerName: 'gateway.envoyproxy.io/gatewayclass-controller',
      parametersRef: { group: 'gateway.envoyproxy.io', kind: 'EnvoyProxy', name: className, namespace: controllerNamespace },
    },
  };
  const list = { apiVersion: 'v1', kind: 'List', items: [parameters, gatewayClass] };
  await run(kubectl, ['apply', '--server-side', '--force-conflicts', '-f', '-'], { env: { KUBECONFIG: kubeconfig }, input: JSON.stringify(list) });
}

/**
 * Waits until a GatewayClass says what it supports, and answers that. The suite reads it once, before it waits for anything,
 * so it has to be there when the suite starts.
 */
export async function supportedFeatures({ kubectl, kubeconfig, gatewayClass, signal }: ClassQuery): Promise<string[]> {
  let features: string[] = [];
  const path = 'jsonpath={range .status.supportedFeatures[*]}{.name} {end}';
  await eventually(
    `GatewayClass ${gatewayClass} says what it supports`,
    async () => {
      const text = await run(kubectl, ['get', 'gatewayclass', gatewayClass, '-o', path], { env: { KUBECONFIG: kubeconfig } });
      features = text.split(' ').filter((name) => name !== '');
      return features.length > 0;
    },
    { limit: acceptedWithinMs, interval: pollMs, signal },
  );
  return features;
}

export interface ClassQuery {
  /** The program. */
  readonly kubectl: string;
  readonly kubeconfig: string;
  readonly gatewayClass: string;
  readonly signal: AbortSignal;
}
