import type { MessageInitShape } from '@bufbuild/protobuf';
import type { TransportSocketSchema } from '../../gen/envoy/config/core/v3/base_pb.ts';
import { CertificateValidationContext_TrustChainVerification } from '../../gen/envoy/extensions/transport_sockets/tls/v3/common_pb.ts';
import { DownstreamTlsContextSchema } from '../../gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import type { CommonTlsContextSchema } from '../../gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import type { ClientValidation, TlsTermination } from '../../ir/listener.ts';
import { any } from './bytes.ts';
import { fromAds } from './config-source.ts';

/** Ends TLS with certificates that come by SDS, so that a new one drains nothing. TLS 1.2 is Envoy's least version. */
export function tlsTermination(tls: TlsTermination): MessageInitShape<typeof TransportSocketSchema> {
  const { clientValidation } = tls;
  return {
    name: 'envoy.transport_sockets.tls',
    configType: {
      case: 'typedConfig',
      value: any(DownstreamTlsContextSchema, {
        commonTlsContext: {
          alpnProtocols: [...tls.alpn],
          tlsCertificateSdsSecretConfigs: tls.certificates.map((name) => ({ name, sdsConfig: fromAds() })),
          ...(clientValidation !== undefined && { validationContextType: validationContext(clientValidation) }),
        },
        ...(clientValidation?.required === true && { requireClientCertificate: true }),
        // A resumed session would skip the choice of certificate and the look at the client's, and its keys differ between replicas anyway.
        disableStatefulSessionResumption: true,
        sessionTicketKeysType: { case: 'disableStatelessSessionResumption', value: true },
      }),
    },
  };
}

type ValidationContext = NonNullable<MessageInitShape<typeof CommonTlsContextSchema>['validationContextType']>;

/** The bundle comes by SDS as well: until it is there, Envoy lets nobody in. What it says is merged into the default, which has no CA of its own. */
function validationContext({ trustBundle, required }: ClientValidation): ValidationContext {
  const secret = { name: trustBundle, sdsConfig: fromAds() };
  if (required) return { case: 'validationContextSdsSecretConfig', value: secret };
  return {
    case: 'combinedValidationContext',
    value: {
      defaultValidationContext: { trustChainVerification: CertificateValidationContext_TrustChainVerification.ACCEPT_UNTRUSTED },
      validationContextSdsSecretConfig: secret,
    },
  };
}
