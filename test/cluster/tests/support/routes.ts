/** What of an HTTPRoute differs from test to test. */
export interface RouteOptions {
  readonly name: string;
  readonly host: string;
  /** The backend sees it as x-mark. */
  readonly mark: string;
  /** Default the Service `backend` of the standard manifests. */
  readonly backend?: { readonly group?: string; readonly kind?: string; readonly name: string; readonly port?: number };
  readonly annotations?: Readonly<Record<string, string>>;
  /** Default the Gateway of the standard manifests. A name is a Gateway's. */
  readonly parent?: string | { readonly group: string; readonly kind: string; readonly name: string };
}

export const routesPath = '/apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes';
export const gatewayPath = '/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways/ack-gateway';

/** An HTTPRoute of a Gateway, with one rule that marks what passes. */
export function route({ name, host, mark, backend = { name: 'backend', port: 3000 }, annotations = {}, parent = 'ack-gateway' }: RouteOptions): object {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name, namespace: 'default', annotations },
    spec: {
      parentRefs: [typeof parent === 'string' ? { name: parent } : parent],
      hostnames: [host],
      rules: [{
        filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'x-mark', value: mark }] } }],
        backendRefs: [backend],
      }],
    },
  };
}

/** A merge patch that changes the mark of a route as `route` makes it. */
export function markPatch(options: Pick<RouteOptions, 'name' | 'host' | 'mark'>): object {
  const { spec } = route(options) as { readonly spec: { readonly rules: readonly object[] } };
  return { spec: { rules: spec.rules } };
}
