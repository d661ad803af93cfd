/**
 * The URI in a proxy's client certificate. The id is what its Envoys give as `node.cluster`: `namespace/name` of a Gateway,
 * or the name of a GatewayClass whose Gateways are merged.
 */
export function proxyIdentity(id: string): string {
  return `spiffe://moongate/proxy/${id}`;
}

/** The DNS names by which Envoys may know the xDS server: the host that they are told, and for `service.namespace.svc` its longer and shorter forms. */
export function serverNames(host: string, clusterDomain: string): readonly string[] {
  return host.endsWith('.svc') ? [host.slice(0, -'.svc'.length), host, `${host}.${clusterDomain}`] : [host];
}
