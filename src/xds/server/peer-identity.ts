import type { AdsCall } from './ads-stream.ts';

/**
 * Who the client of a TLS stream is: the URI in its certificate. Undefined when the certificate has another alternative
 * name, or several: "An X.509 SVID MUST contain exactly one URI SAN" (SPIFFE X509-SVID, 2), and ours have nothing else.
 */
export function peerIdentity(call: AdsCall): string | undefined {
  const names = call.getAuthContext().sslPeerCertificate?.subjectaltname;
  // Node separates names by ", " and puts one with unusual characters in quotes; neither is in a name that we issue.
  return names === undefined ? undefined : /^URI:([^\s,"]+)$/.exec(names)?.[1];
}
