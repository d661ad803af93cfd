import type { MessageInitShape } from '@bufbuild/protobuf';
import type { TransportSocketSchema } from '../../gen/envoy/config/core/v3/base_pb.ts';
import {
  SubjectAltNameMatcher_SanType,
  TlsParameters_TlsProtocol,
  type CertificateValidationContextSchema,
} from '../../gen/envoy/extensions/transport_sockets/tls/v3/common_pb.ts';
import { UpstreamTlsContextSchema } from '../../gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import type { BackendTls, Subject } from '../../ir/backend-tls.ts';
import { any } from './bytes.ts';
import { fromAds } from './config-source.ts';

/** Sent as SNI and then also looked for in the certificate, unless other names are. */
type NameFields = Pick<MessageInitShape<typeof UpstreamTlsContextSchema>, 'sni' | 'autoHostSni' | 'autoSniSanValidation'>;

/** Begins TLS with the servers of a backend. What they are checked against comes by SDS, so that a renewed CA closes no connection. */
export function upstreamTls(tls: BackendTls): MessageInitShape<typeof TransportSocketSchema> {
  const { trust } = tls;
  return {
    name: 'envoy.transport_sockets.tls',
    configType: {
      case: 'typedConfig',
      value: any(UpstreamTlsContextSchema, {
        ...nameFields(tls),
        commonTlsContext: {
          // Envoy's own limit for servers is TLS 1.2.
          tlsParams: { tlsMinimumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_2, tlsMaximumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_3 },
          ...(trust !== undefined && {
            validationContextType: {
              case: 'combinedValidationContext',
              value: { defaultValidationContext: subjects(tls.subjects), validationContextSdsSecretConfig: { name: trust, sdsConfig: fromAds() } },
            },
          }),
        },
      }),
    },
  };
}

function nameFields({ trust, serverName, subjects: wanted }: BackendTls): NameFields {
  const checked = { autoSniSanValidation: trust !== undefined && wanted.length === 0 };
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
