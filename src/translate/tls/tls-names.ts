/** Names that Envoy's TLS library knows, and Envoy Gateway's documentation lists. Envoy refuses a cluster with another one. */

export const ciphers: ReadonlySet<string> = new Set([
  ...['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
  ...['ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305', 'ECDHE-ECDSA-AES128-SHA', 'ECDHE-RSA-AES128-SHA'],
  ...['AES128-GCM-SHA256', 'AES128-SHA', 'ECDHE-ECDSA-AES256-SHA', 'ECDHE-RSA-AES256-SHA', 'AES256-GCM-SHA384', 'AES256-SHA'],
  ...['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'],
  ...['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256'],
  ...['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA', 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', 'TLS_RSA_WITH_AES_128_GCM_SHA256', 'TLS_RSA_WITH_AES_128_CBC_SHA'],
  ...['TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA', 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA', 'TLS_RSA_WITH_AES_256_GCM_SHA384', 'TLS_RSA_WITH_AES_256_CBC_SHA'],
]);

export const curves: ReadonlySet<string> = new Set(['P-256', 'P-384', 'P-521', 'X25519', 'X25519MLKEM768']);

export const signatureAlgorithms: ReadonlySet<string> = new Set([
  ...['ecdsa_secp256r1_sha256', 'ecdsa_secp384r1_sha384', 'ecdsa_secp521r1_sha512', 'ed25519'],
  ...['rsa_pss_rsae_sha256', 'rsa_pss_rsae_sha384', 'rsa_pss_rsae_sha512', 'rsa_pkcs1_sha256', 'rsa_pkcs1_sha384', 'rsa_pkcs1_sha512'],
  ...['rsa_pkcs1_sha1', 'ecdsa_sha1'],
]);

/** The lists of names in TLS settings. */
export interface NamedSettings {
  readonly ciphers?: readonly string[];
  readonly ecdhCurves?: readonly string[];
  readonly signatureAlgorithms?: readonly string[];
}

/** A name that Envoy would refuse, with its field: `ciphers: X is not known`. */
export function unknownName(settings: NamedSettings): string | undefined {
  const lists: readonly [field: string, names: readonly string[] | undefined, known: ReadonlySet<string>][] = [
    ['ciphers', settings.ciphers?.flatMap((name) => (/^\[.+\]$/.test(name) ? name.slice(1, -1).split('|') : [name])), ciphers],
    ['ecdhCurves', settings.ecdhCurves, curves],
    ['signatureAlgorithms', settings.signatureAlgorithms, signatureAlgorithms],
  ];
  for (const [field, names = [], known] of lists) {
    const unknown = names.find((name) => !known.has(name));
    if (unknown !== undefined) return `${field}: ${unknown} is not known`;
  }
  return undefined;
}
