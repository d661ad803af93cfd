import type { ResourceOf } from '../../api/kinds.ts';
import { activePorts } from './active-ports.ts';
import type { ModelServer } from './model-server.ts';

/**
 * The model server that a Pod is, or undefined while it is none to send requests to: it has no address yet, is not ready, or is being deleted. Of a Pod with
 * addresses of two families the first counts, that of the cluster.
 */
export function podServer({ key, metadata, object }: ResourceOf<'Pod'>): ModelServer | undefined {
  const { conditions = [], podIP = '' } = object.status ?? {};
  const isReady = conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
  if (!isReady || podIP === '' || object.metadata.deletionTimestamp !== undefined) return undefined;
  return { pod: key, ip: podIP, labels: metadata.labels, activePorts: activePorts(metadata.annotations) };
}
