/**
 * What tells two backends at one port of an object apart. `udp`: a UDP port may have the number of a TCP port. `h2c`: some routes
 * speak HTTP/2 (without TLS) to a port that does not say what it speaks.
 */
export type Variant = 'h2c' | 'udp';

/** A key that some route uses, taken apart. */
export type BackendKey =
  | { readonly type: 'service'; readonly object: string; readonly port: number; readonly variant: Variant | undefined }
  | { readonly type: 'backend'; readonly object: string; readonly variant: Variant | undefined };

/** `service/namespace/name/port`: a port of a Service; `service/namespace/name/port/udp` one of its variants. */
export function serviceKey(service: string, port: number, variant?: Variant): string {
  return ['service', service, port, ...(variant === undefined ? [] : [variant])].join('/');
}

/** `backend/namespace/name`: a Backend object; `backend/namespace/name/udp` one of its variants. */
export function objectKey(backend: string, variant?: Variant): string {
  return ['backend', backend, ...(variant === undefined ? [] : [variant])].join('/');
}

export function parseBackendKey(key: string): BackendKey {
  const [type, namespace, name, ...rest] = key.split('/');
  const object = `${namespace}/${name}`;
  return type === 'service'
    ? { type, object, port: Number(rest[0]), variant: variantOf(rest[1]) }
    : { type: 'backend', object, variant: variantOf(rest[0]) };
}

function variantOf(part: string | undefined): Variant | undefined {
  return part === 'h2c' || part === 'udp' ? part : undefined;
}
