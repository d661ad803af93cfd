import { run } from '../cluster/tools/run.ts';
import { eventually } from '../cluster/lifetime/eventually.ts';

const acceptedWithinMs = 120_000;
const pollMs = 200;

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
