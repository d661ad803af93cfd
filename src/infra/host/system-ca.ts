import { existsSync } from 'node:fs';

/** Where systems keep the CA certificates that they trust: Debian, Fedora, openSUSE, Alpine and macOS. */
const places = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
] as const;

/** The file with the CA certificates that this machine trusts, as OpenSSL finds it; undefined: there is none. */
export function systemCaFile(named = process.env['SSL_CERT_FILE']): string | undefined {
  return named === undefined || named === '' ? places.find((path) => existsSync(path)) : named;
}
