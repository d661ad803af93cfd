import { selfSigned } from '../e2e/support/certificate.ts';

/**
 * Replaces `$(certificate a.example.com b.example.com)` and `$(key a.example.com b.example.com)` in the texts of Secrets, ConfigMaps and
 * ClusterTrustBundles by a certificate for these names and its key: the same pair wherever the names are the same. They are
 * made anew in each run, so that no key lies in the repository and none expires.
 */
export function withCertificates(object: unknown): unknown {
  const { kind } = object as { readonly kind?: unknown };
  const field = typeof kind === 'string' ? fields[kind] : undefined;
  const texts = field === undefined ? undefined : (object as Readonly<Record<string, Readonly<Record<string, string>> | undefined>>)[field];
  if (field === undefined || texts === undefined) return object;
  return { ...(object as object), [field]: Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, fill(text)])) };
}

/** Where objects of a kind have texts. */
const fields: Readonly<Record<string, string>> = { ClusterTrustBundle: 'spec', ConfigMap: 'data', Secret: 'stringData' };

const pairs = new Map<string, ReturnType<typeof selfSigned>>();

function fill(text: string): string {
  const [, what, names] = /^\$\((certificate|key) ([^)]+)\)$/.exec(text) ?? [];
  if (names === undefined) return text;
  let pair = pairs.get(names);
  if (pair === undefined) {
    const [first = '', ...others] = names.split(' ');
    pairs.set(names, (pair = selfSigned(first, ...others)));
  }
  return what === 'certificate' ? pair.chain : pair.privateKey;
}
