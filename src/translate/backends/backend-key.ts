/**
 * What tells two backends at one port of an object apart. `udp`: a UDP port may have the number of a TCP port. `h2c`: some routes
 * speak HTTP/2 to a port that does not say that it does. `passthrough`: some connections bring TLS of their own to a port
 * where others are given it. `picker`: it is asked as an endpoint picker.
 */
export type Variant = 'h2c' | 'passthrough' | 'picker' | 'udp';

/** Kinds whose objects have ports, and EndpointSlices that name them. */
export type ServiceKind = 'Service' | 'ServiceImport';

/** Their groups. */
export const serviceGroups: Readonly<Record<ServiceKind, string>> = { Service: '', ServiceImport: 'multicluster.x-k8s.io' };

/** A key that some route uses, taken apart. */
export type BackendKey =
  | { readonly type: 'service'; readonly kind: ServiceKind; readonly object: string; readonly port: number; readonly variant: Variant | undefined }
  | { readonly type: 'backend'; readonly object: string; readonly variant: Variant | undefined }
  | { readonly type: 'xbackend'; readonly object: string; readonly variant: Variant | undefined }
  | { readonly type: 'inferencepool'; readonly object: string; readonly variant?: undefined }
  | { readonly type: 'endpointpicker'; readonly object: string; readonly variant?: undefined };

/** `service/namespace/name/port`: a port of a Service; `service/namespace/name/port/udp` one of its variants; `serviceimport/…` the same. */
export function serviceKey(kind: ServiceKind, object: string, port: number, variant?: Variant): string {
  return [kind.toLowerCase(), object, port, ...(variant === undefined ? [] : [variant])].join('/');
}

/** `backend/namespace/name`: a Backend object of Envoy Gateway; `backend/namespace/name/udp` one of its variants; `xbackend/…`, `inferencepool/…` the same. */
export function objectKey(type: 'backend' | 'xbackend' | 'inferencepool', object: string, variant?: Variant): string {
  return [type, object, ...(variant === undefined ? [] : [variant])].join('/');
}

export function parseBackendKey(key: string): BackendKey {
  const [type, namespace, name, ...rest] = key.split('/');
  const object = `${namespace}/${name}`;
  if (type === 'inferencepool' || type === 'endpointpicker') return { type, object };
  const kind = type === 'service' ? 'Service' : type === 'serviceimport' ? 'ServiceImport' : undefined;
  return kind === undefined
    ? { type: type === 'xbackend' ? type : 'backend', object, variant: variantOf(rest[0]) }
    : { type: 'service', kind, object, port: Number(rest[0]), variant: variantOf(rest[1]) };
}

function variantOf(part: string | undefined): Variant | undefined {
  return part === 'h2c' || part === 'passthrough' || part === 'picker' || part === 'udp' ? part : undefined;
}
