import { isDeepStrictEqual } from 'node:util';
import type { OwnerReference } from '../../../kube/object.ts';
import { proxyIdentity } from './identity.ts';
import { goodLeaf, leafDue, leafFault, type LeafNames } from './leaf.ts';
import type { Authorities } from './rotation.ts';
import { CERTIFICATE_LABEL, tlsSecret, valueOf, type Secret } from './secret.ts';

/** A proxy that needs a certificate, and the Secret that its Pods mount. */
export interface ProxyCertificate {
  /** What its Envoys give as `node.cluster`. */
  readonly id: string;
  readonly namespace: string;
  /** The Secret's name. */
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
}

export interface ProxySecretOptions {
  readonly authorities: Authorities;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Put on the Secret beside the proxy's labels: by these a controller finds those of its own. They win. */
  readonly labels: Readonly<Record<string, string>>;
}

const namesOf = ({ id }: ProxyCertificate): LeafNames => ({ uris: [proxyIdentity(id)], usage: 'client' });

/** Why the Secret has to be written; undefined when it is as it should be. */
export function proxySecretFault(secret: Secret, proxy: ProxyCertificate, { authorities, now, labels }: ProxySecretOptions): string | undefined {
  const { metadata } = secret;
  if (!contains(metadata.labels, { ...proxy.labels, ...labels, [CERTIFICATE_LABEL]: 'proxy' })) return 'its labels are others';
  if (!contains(metadata.annotations, proxy.annotations ?? {})) return 'its annotations are others';
  if (!isDeepStrictEqual(metadata.ownerReferences ?? [], proxy.ownerReferences ?? [])) return 'its owner is another';
  if (valueOf(secret, 'ca.crt') !== authorities.trusted) return 'other authorities are trusted';
  return leafFault(pairOf(secret), namesOf(proxy), { authority: authorities.current, now });
}

/** The Secret as it should be, with the certificate of the one that is there as long as that is good. */
export async function proxySecret(secret: Secret | undefined, proxy: ProxyCertificate, { authorities, now, labels }: ProxySecretOptions): Promise<Secret> {
  const { namespace, name, annotations = {}, ownerReferences = [] } = proxy;
  const leaf = await goodLeaf(secret && pairOf(secret), namesOf(proxy), { authority: authorities.current, now });
  const { resourceVersion } = secret?.metadata ?? {};
  const version = resourceVersion === undefined ? {} : { resourceVersion };
  const metadata = { namespace, name, labels: { ...proxy.labels, ...labels }, annotations, ownerReferences, ...version };
  return tlsSecret(metadata, 'proxy', { 'ca.crt': authorities.trusted, 'tls.crt': leaf.cert, 'tls.key': leaf.key });
}

/** When a good Secret has to be looked at again, milliseconds since 1970. */
export function proxySecretDue(secret: Secret, { current }: Authorities): number {
  return leafDue(valueOf(secret, 'tls.crt'), current);
}

const pairOf = (secret: Secret): { cert: string; key: string } => ({ cert: valueOf(secret, 'tls.crt'), key: valueOf(secret, 'tls.key') });

function contains(all: Readonly<Record<string, string>> = {}, some: Readonly<Record<string, string>>): boolean {
  return Object.entries(some).every(([key, value]) => all[key] === value);
}
