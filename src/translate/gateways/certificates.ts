import type { Inputs } from '../inputs.ts';
import { secretText } from '../secret-text.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import type { Certificate } from '../../ir/listener.ts';
import type { Collection } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';
import { inspectCertificatePair } from '../../util/certificate.ts';

/** A Secret as a listener sees it. Key: the Secret's. */
export interface TlsSecret {
  /** Why it is no good for TLS, as the rest of a sentence that begins with its name. */
  readonly problem: string | undefined;
  /** The names the certificate is for. */
  readonly names: readonly string[];
}

/** A Secret with its PEM texts, checked. */
interface CheckedSecret extends TlsSecret {
  readonly certificate: Certificate | undefined;
}

export interface Certificates {
  /** Fit for use by listeners or not; unaffected when a certificate is merely renewed. */
  readonly secrets: Collection<TlsSecret>;
  /** The usable ones with their content. Key: `Secret/namespace/name`. */
  readonly certificates: Collection<Certificate>;
}

/** All Secrets with TLS content. What is not used by a listener stays here and goes to no proxy. */
export function certificates(graph: Graph, inputs: Inputs): Certificates {
  const checked = graph.derive('checked-secrets', inputs.resources.Secret, check);
  return {
    secrets: graph.derive('tls-secrets', checked, ({ problem, names }): TlsSecret => ({ problem, names })),
    certificates: graph.expand('certificates', checked, ({ certificate }): [string, Certificate][] =>
      certificate === undefined ? [] : [[certificate.key, certificate]],
    ),
  };
}

function check(secret: ResourceOf<'Secret'>): CheckedSecret {
  const chain = secretText(secret, 'tls.crt');
  const privateKey = secretText(secret, 'tls.key');
  if (chain === undefined || privateKey === undefined) {
    return { problem: `has no ${chain === undefined ? 'tls.crt' : 'tls.key'}`, names: [], certificate: undefined };
  }
  const pair = inspectCertificatePair(chain, privateKey);
  if (pair.problem !== undefined) return { problem: `is of no use: ${pair.problem}`, names: [], certificate: undefined };
  return { problem: undefined, names: pair.names, certificate: { key: `Secret/${secret.key}`, chain, privateKey } };
}
