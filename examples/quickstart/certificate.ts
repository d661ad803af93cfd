import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

const day = 24 * 60 * 60 * 1000;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** A Secret `example-cert` with a certificate for one host, and the certificate of the authority that signed it, PEM. */
export async function certificateManifest(host: string): Promise<{ readonly manifest: string; readonly authority: string }> {
  const authorityKeys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'O=example Inc., CN=example.com',
    keys: authorityKeys,
    signingAlgorithm: algorithm,
    notAfter: new Date(Date.now() + 30 * day),
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  });
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${host}, O=example organization`,
    issuer: authority.subject,
    publicKey: keys.publicKey,
    signingKey: authorityKeys.privateKey,
    signingAlgorithm: algorithm,
    notAfter: new Date(Date.now() + 30 * day),
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: host }])],
  });
  const privateKey = x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return { manifest: secret('example-cert', certificate.toString('pem'), privateKey), authority: authority.toString('pem') };
}

function secret(name: string, chain: string, privateKey: string): string {
  const data = (text: string) => Buffer.from(text).toString('base64');
  return `apiVersion: v1
kind: Secret
metadata:
  name: ${name}
type: kubernetes.io/tls
data:
  tls.crt: ${data(chain)}
  tls.key: ${data(privateKey)}
`;
}
