import type { MessageInitShape } from '@bufbuild/protobuf';
import type { TransportSocketSchema } from '../../gen/envoy/config/core/v3/base_pb.ts';
import {
  SubjectAltNameMatcher_SanType,
  TlsParameters_TlsProtocol,
  type CertificateValidationContextSchema,
  type TlsParametersSchema,
} from '../../gen/envoy/extensions/transport_sockets/tls/v3/common_pb.ts';
import { UpstreamTlsContextSchema } from '../../gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import type { BackendTls, Subject, TlsParameters, TlsVersion } from '../../ir/backend-tls.ts';
import { any } from './bytes.ts';
import { fromAds } from './config-source.ts';

/** Sent as SNI and then also looked for in the certificate, unless other names are. */
type NameFields = Pick<MessageInitShape<typeof UpstreamTlsContextSchema>, 'sni' | 'autoHostSni' | 'autoSniSanValidation'>;

/** Begins TLS with the servers of a backend. What they are checked against comes by SDS, so that a renewed CA closes no connection. */
export function upstreamTls(tls: BackendTls): MessageInitShape<typeof TransportSocketSchema> {
  const { trustBundle, parameters } = tls;
  return {
    name: 'envoy.transport_sockets.tls',
    configType: {
      case: 'typedConfig',
      value: any(UpstreamTlsContextSchema, {
        ...nameFields(tls),
        commonTlsContext: {
          tlsParams: tlsParams(parameters),
          alpnProtocols: [...(parameters.alpn ?? [])],
          ...(parameters.certificate !== undefined && { tlsCertificateSdsSecretConfigs: [{ name: parameters.certificate, sdsConfig: fromAds() }] }),
          ...(trustBundle !== undefined && {
            validationContextType: {
              case: 'combinedValidationContext',
              value: { defaultValidationContext: subjects(tls.subjects), validationContextSdsSecretConfig: { name: trustBundle, sdsConfig: fromAds() } },
            },
          }),
        },
      }),
    },
  };
}

/** As Envoy Gateway has it, TLS 1.2 and 1.3 are spoken: Envoy's own limit towards servers is 1.2. */
function tlsParams({ minVersion = '1.2', maxVersion = '1.3', ...parameters }: TlsParameters): MessageInitShape<typeof TlsParametersSchema> {
  return {
    // The least may be the proxy's and the most the backend's, who knows what it speaks.
    tlsMinimumProtocolVersion: versions[minVersion > maxVersion ? maxVersion : minVersion],
    tlsMaximumProtocolVersion: versions[maxVersion],
    cipherSuites: [...(parameters.ciphers ?? [])],
    ecdhCurves: [...(parameters.curves ?? [])],
    signatureAlgorithms: [...(parameters.signatureAlgorithms ?? [])],
  };
}

const versions: Readonly<Record<TlsVersion, TlsParameters_TlsProtocol>> = {
  '1.0': TlsParameters_TlsProtocol.TLSv1_0,
  '1.1': TlsParameters_TlsProtocol.TLSv1_1,
  '1.2': TlsParameters_TlsProtocol.TLSv1_2,
  '1.3': TlsParameters_TlsProtocol.TLSv1_3,
};

function nameFields({ trustBundle, serverName, subjects: wanted }: BackendTls): NameFields {
  const checked = { autoSniSanValidation: trustBundle !== undefined && wanted.length === 0 };
  switch (serverName.type) {
    case 'name':
      return { sni: serverName.name, ...checked };
    case 'endpoint':
      return { autoHostSni: true, ...checked };
    case 'host':
      return checked;
  }
}

function subjects(wanted: readonly Subject[]): MessageInitShape<typeof CertificateValidationContextSchema> {
  return {
    matchTypedSubjectAltNames: wanted.map(({ type, name }) => ({
      sanType: type === 'dns' ? SubjectAltNameMatcher_SanType.DNS : SubjectAltNameMatcher_SanType.URI,
      matcher: { matchPattern: { case: 'exact', value: name } },
    })),
  };
}
