/** Where the parts of a proxy's Pod listen, as with Envoy Gateway. */

/** Envoy's admin interface, on the loopback device alone: whoever reaches it rules the proxy. */
export const adminPort = 19_000;
/** Envoy's statistics for Prometheus, nothing else. */
export const statsPort = 19_001;
/** The drain helper. */
export const helperPort = 19_002;
/** Paths of the drain helper: it is there; and Envoy is drained, answered no sooner. */
export const healthPath = '/healthz';
export const drainedPath = '/shutdown/ready';
/** Envoy's readiness. */
export const readyPort = 19_003;
