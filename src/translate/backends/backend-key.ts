/** A key that some route uses, taken apart. */
export type BackendKey =
  | { readonly type: 'service'; readonly object: string; readonly port: number }
  | { readonly type: 'backend'; readonly object: string };

/** `service/namespace/name/port`: a port of a Service. */
export function serviceKey(service: string, port: number): string {
  return `service/${service}/${port}`;
}

/** `backend/namespace/name`: a Backend object. */
export function objectKey(backend: string): string {
  return `backend/${backend}`;
}

export function parseBackendKey(key: string): BackendKey {
  const [type, namespace, name, port] = key.split('/');
  const object = `${namespace}/${name}`;
  return type === 'service' ? { type, object, port: Number(port) } : { type: 'backend', object };
}
