/** Where the parts of a Pod meet: the Secret with the certificates, and the documents that name them to Envoy. */
export const certificatesPath = '/certs';
export const documentsPath = '/sds';
export const authorityDocument = 'xds-trusted-ca.json';
export const certificateDocument = 'xds-certificate.json';

/** What Envoy calls the two secrets. */
export const authoritySecret = 'xds_trusted_ca';
export const certificateSecret = 'xds_certificate';

const secretType = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';

// The kubelet changes all files of a volume at once, by turning a link in this folder. Envoy reads them again when it sees that.
const watched = { path: certificatesPath };

/**
 * Documents of Envoy's file-based secret discovery: certificate and authority of the connection to our xDS server, by file name.
 * `serverName` has to be among the DNS names of the server's certificate.
 */
export function secretDocuments(serverName: string): Readonly<Record<string, string>> {
  return {
    [authorityDocument]: document(authoritySecret, {
      validation_context: {
        trusted_ca: { filename: `${certificatesPath}/ca.crt` },
        watched_directory: watched,
        match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: serverName } }],
      },
    }),
    [certificateDocument]: document(certificateSecret, {
      tls_certificate: {
        certificate_chain: { filename: `${certificatesPath}/tls.crt` },
        private_key: { filename: `${certificatesPath}/tls.key` },
        watched_directory: watched,
      },
    }),
  };
}

function document(name: string, secret: object): string {
  return JSON.stringify({ resources: [{ '@type': secretType, name, ...secret }] });
}
