import { SecretSchema } from '../../gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts';
import type { Certificate } from '../../ir/listener.ts';
import type { TrustBundle } from '../../ir/trust-bundle.ts';
import { encode } from './bytes.ts';

/** Encodes a certificate with its key as an SDS secret. The result holds the private key: never log it. */
export function encodeCertificate(certificate: Certificate): Uint8Array {
  return encode(SecretSchema, {
    name: certificate.key,
    type: {
      case: 'tlsCertificate',
      value: { certificateChain: pem(certificate.chain), privateKey: pem(certificate.privateKey) },
    },
  });
}

/** Where the system's CA certificates are, unless told otherwise: in Debian, and in Envoy's images, which are made from it. */
const defaultSystemCaFile = '/etc/ssl/certs/ca-certificates.crt';

/** Encodes CA certificates as an SDS secret. */
export function encodeTrustBundle({ key, certificates }: TrustBundle, systemCaFile = defaultSystemCaFile): Uint8Array {
  const trustedCa = certificates === undefined ? { specifier: { case: 'filename' as const, value: systemCaFile } } : pem(certificates);
  return encode(SecretSchema, { name: key, type: { case: 'validationContext', value: { trustedCa } } });
}

function pem(text: string): { specifier: { case: 'inlineBytes'; value: Uint8Array } } {
  return { specifier: { case: 'inlineBytes', value: new TextEncoder().encode(text) } };
}
