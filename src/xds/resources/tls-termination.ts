import type { MessageInitShape } from '@bufbuild/protobuf';
import type { TransportSocketSchema } from '../../gen/envoy/config/core/v3/base_pb.ts';
import { DownstreamTlsContextSchema } from '../../gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts';
import type { TlsTermination } from '../../ir/listener.ts';
import { any } from './bytes.ts';
import { fromAds } from './config-source.ts';

/** Ends TLS with certificates that come by SDS, so that a new one drains nothing. TLS 1.2 is Envoy's least version. */
export function tlsTermination(tls: TlsTermination): MessageInitShape<typeof TransportSocketSchema> {
  return {
    name: 'envoy.transport_sockets.tls',
    configType: {
      case: 'typedConfig',
      value: any(DownstreamTlsContextSchema, {
        commonTlsContext: {
          alpnProtocols: [...tls.alpn],
          tlsCertificateSdsSecretConfigs: tls.certificates.map((name) => ({ name, sdsConfig: fromAds() })),
        },
        // A resumed session would skip the choice of certificate, and its keys differ between replicas anyway.
        disableStatefulSessionResumption: true,
        sessionTicketKeysType: { case: 'disableStatelessSessionResumption', value: true },
      }),
    },
  };
}
