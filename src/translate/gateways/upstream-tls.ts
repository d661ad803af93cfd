import { certificateRef, type SecretAccess } from './certificate-refs.ts';
import { at, joinFaults, type Fault } from '../conditions.ts';
import type { ProxySettings } from '../parameters.ts';
import { tlsParameters } from '../tls/tls-parameters.ts';
import type { GatewayTls } from '../../api/types.ts';
import type { TlsParameters } from '../../ir/backend-tls.ts';

/** What a Gateway's proxies bring into TLS with backends. */
export interface UpstreamTls {
  /** undefined: nothing but what Envoy has by itself. */
  readonly parameters: TlsParameters | undefined;
  /** ResolvedRefs=False: a certificate that cannot be had; it is not shown then, and a backend that wants one refuses. */
  readonly fault: Fault | undefined;
}

export const noUpstreamTls: UpstreamTls = { parameters: undefined, fault: undefined };

/**
 * The settings of the proxies, and over their certificate that of the Gateway itself. A certificate stands for who shows it: where
 * Gateways share their proxies, and with them their connections to backends, none of them can have one of its own.
 */
export function upstreamTls(
  gateway: { readonly tls: GatewayTls | undefined; readonly settings: ProxySettings | undefined; readonly merged: boolean },
  access: SecretAccess,
): UpstreamTls {
  const faults: Fault[] = [];
  const { backendTLS } = gateway.settings ?? {};
  const ofProxies = backendTLS?.clientCertificateRef && certificateRef(backendTLS.clientCertificateRef, { ...access, permitted: () => true });
  const own = gateway.tls?.backend?.clientCertificateRef;
  const ofGateway = own && (gateway.merged ? { fault: shared } : certificateRef(own, access));
  if (ofGateway !== undefined && 'fault' in ofGateway) faults.push(at('tls.backend.clientCertificateRef', named(ofGateway.fault)));
  if (ofProxies !== undefined && 'fault' in ofProxies) faults.push(at('EnvoyProxy backendTLS.clientCertificateRef', named(ofProxies.fault)));
  const chosen = own === undefined ? ofProxies : ofGateway;
  const certificate = chosen !== undefined && 'certificate' in chosen ? chosen.certificate : undefined;
  const parameters = tlsParameters(backendTLS ?? {}, certificate);
  return { parameters: Object.keys(parameters).length === 0 ? undefined : parameters, fault: joinFaults(faults) };
}

const shared: Fault = {
  reason: 'InvalidClientCertificateRef',
  message: 'the Gateway shares its proxies with others of its class: only their EnvoyProxy can give them a certificate, in backendTLS',
};

/** A Gateway has a reason of its own for certificates that it shows. */
function named({ reason, message }: Fault): Fault {
  return { reason: reason === 'InvalidCertificateRef' ? 'InvalidClientCertificateRef' : reason, message };
}
