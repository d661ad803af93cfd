import { secretText } from '../secret-text.ts';
import type { Inputs } from '../inputs.ts';
import type { Collection } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';
import { readCertificates } from '../../util/certificate.ts';

/** An object that may hold CA certificates. Key: `ConfigMap/namespace/name`, `ClusterTrustBundle/name`. */
export interface CaSource {
  /** Why it holds none, as the rest of a sentence that begins with its name. */
  readonly problem: string | undefined;
  /** PEM: its certificates that can be read. */
  readonly certificates: string;
}

/** The key that the Gateway API looks under in ConfigMaps and Secrets. */
const field = 'ca.crt';

/** All ConfigMaps, Secrets and ClusterTrustBundles. What nobody refers to stays here and goes to no proxy. */
export function caSources(graph: Graph, { resources }: Inputs): Collection<CaSource> {
  return graph.merge('ca-sources', [
    graph.expand('config-map-cas', resources.ConfigMap, ({ object }, _read, key) => [[`ConfigMap/${key}`, check(object.data?.[field], field)] as const]),
    graph.expand('secret-cas', resources.Secret, (secret, _read, key) => [[`Secret/${key}`, check(secretText(secret, field), field)] as const]),
    graph.expand('cluster-trust-bundles', resources.ClusterTrustBundle, ({ object }, _read, key) => [
      [`ClusterTrustBundle/${key}`, check(object.spec.trustBundle, 'spec.trustBundle')] as const,
    ]),
  ]);
}

function check(text: string | undefined, where: string): CaSource {
  if (text === undefined) return { problem: `has no ${where}`, certificates: '' };
  const certificates = readCertificates(text).join('');
  return { problem: certificates === '' ? `is of no use: ${where} has no valid PEM certificate` : undefined, certificates };
}
