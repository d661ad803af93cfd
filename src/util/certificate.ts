import { createPrivateKey, X509Certificate } from 'node:crypto';

/** What is wrong with a certificate and its key, or what the certificate is good for. */
export type CertificatePair =
  | { readonly problem: string }
  | {
      readonly problem: undefined;
      /** The DNS names of the first certificate, lower case. */
      readonly names: readonly string[];
      /** When it expires, milliseconds since 1970. */
      readonly notAfter: number;
    };

/** Checks that a PEM chain and a PEM private key can be read and belong together. Never mentions the key's content. */
export function inspectCertificatePair(chain: string, privateKey: string): CertificatePair {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(chain);
  } catch {
    return { problem: 'the certificate is not valid PEM' };
  }
  let key;
  try {
    key = createPrivateKey(privateKey);
  } catch {
    return { problem: 'the private key is not valid PEM' };
  }
  if (!certificate.checkPrivateKey(key)) return { problem: 'the private key does not belong to the certificate' };
  return { problem: undefined, names: dnsNames(certificate), notAfter: certificate.validToDate.getTime() };
}

function dnsNames(certificate: X509Certificate): string[] {
  return (certificate.subjectAltName ?? '')
    .split(', ')
    .filter((entry) => entry.startsWith('DNS:'))
    .map((entry) => entry.slice('DNS:'.length).toLowerCase());
}

/** The certificates in a PEM text, each as PEM with a line break at its end. What cannot be read is left out. */
export function readCertificates(text: string): string[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  return blocks.flatMap((block) => {
    try {
      return [new X509Certificate(block).toString()];
    } catch {
      return [];
    }
  });
}
