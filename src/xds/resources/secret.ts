import { SecretSchema } from '../../gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts';
import type { Certificate, TrustBundle } from '../../ir/listener.ts';
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

/** Encodes the CAs that peers are judged by as an SDS secret. */
export function encodeTrustBundle({ key, certificates }: TrustBundle): Uint8Array {
  return encode(SecretSchema, { name: key, type: { case: 'validationContext', value: { trustedCa: pem(certificates) } } });
}

function pem(text: string): { specifier: { case: 'inlineBytes'; value: Uint8Array } } {
  return { specifier: { case: 'inlineBytes', value: new TextEncoder().encode(text) } };
}
