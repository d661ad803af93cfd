const loopback = /^(127\.|::1$|0\.0\.0\.0$|::$|::ffff:127\.)/;

/**
 * Why a host that an object names is not one that proxies of a cluster may be sent to; undefined: it is. On their own loopback interface
 * is what is for nobody but them, such as Envoy's admin, and a name without a dot is looked up in places that its author may not know.
 * https://github.com/envoyproxy/gateway/blob/v1.9.1/internal/gatewayapi/backend.go
 */
export function forbiddenHost(host: string): string | undefined {
  const name = host.toLowerCase().replace(/\.$/, '');
  if (loopback.test(name) || name === 'localhost' || name.endsWith('.localhost')) return `${host} is the proxy itself, which is not supported in a cluster`;
  if (!name.includes('.') && !name.includes(':')) return `${host} is no domain of at least two labels`;
  return undefined;
}
