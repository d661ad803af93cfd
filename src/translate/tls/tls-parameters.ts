import type { NamedSettings } from './tls-names.ts';
import type { TlsParameters, TlsVersion } from '../../ir/backend-tls.ts';

/** TLS settings as Backend and EnvoyProxy of Envoy Gateway have them. Fingerprints are of clients, and mean nothing here. */
export interface TlsSettings extends NamedSettings {
  readonly minVersion?: 'Auto' | TlsVersion;
  readonly maxVersion?: 'Auto' | TlsVersion;
  readonly alpnProtocols?: readonly string[];
}

/** What TLS settings say, and a certificate. An empty list says nothing. */
export function tlsParameters(settings: TlsSettings, certificate: string | undefined): TlsParameters {
  const { minVersion = 'Auto', maxVersion = 'Auto', ciphers = [], ecdhCurves: curves = [], signatureAlgorithms = [], alpnProtocols: alpn = [] } = settings;
  return {
    ...(certificate !== undefined && { certificate }),
    ...(minVersion !== 'Auto' && { minVersion }),
    ...(maxVersion !== 'Auto' && { maxVersion }),
    ...(ciphers.length > 0 && { ciphers }),
    ...(curves.length > 0 && { curves }),
    ...(signatureAlgorithms.length > 0 && { signatureAlgorithms }),
    ...(alpn.length > 0 && { alpn }),
  };
}
