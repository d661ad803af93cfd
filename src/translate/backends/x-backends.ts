import type { Variant } from './backend-key.ts';
import { forbiddenHost } from './hosts.ts';
import type { Fault } from '../conditions.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import type { Backend } from '../../ir/backend.ts';

type XBackend = ResourceOf<'XBackend'>;

/**
 * Ties an EndpointSlice to the XBackend whose Pods it lists. In a cluster the slices are those of a Service that is made for the XBackend,
 * which hands its labels on to them; among files it is whoever writes the slice that says so.
 */
export const xBackendLabel = 'moongate.dev/xbackend';

/** Characters of a label's value. */
const maxLabelValue = 63;

/** What keeps an XBackend (GEP-4894) from being used by anybody; undefined: nothing. `anyHost`: it may name whatever the proxies reach. */
export function xBackendFault({ metadata, object: { spec } }: XBackend, anyHost: boolean): Fault | undefined {
  const unsupported = (message: string): Fault => ({ reason: 'UnsupportedValue', message });
  if (spec.port.number === undefined) return unsupported('spec.port: a number is needed');
  if (spec.tls.mode !== 'None') return unsupported(`spec.tls: mode ${spec.tls.mode} is not supported yet`);
  if (spec.sessionPersistence !== undefined) return unsupported('spec.sessionPersistence is not supported yet');
  if (spec.endpointSelector !== undefined && metadata.name.length > maxLabelValue) {
    return unsupported(`metadata.name: with an endpointSelector no more than ${maxLabelValue} characters are supported`);
  }
  const hostname = spec.externalHostname?.hostname;
  const forbidden = anyHost || hostname === undefined ? undefined : forbiddenHost(hostname);
  return forbidden === undefined ? undefined : unsupported(`spec.externalHostname.hostname: ${forbidden}`);
}

/** Protocols of an XBackend that leave it to the route what is spoken. TLS, which would negotiate it, there is none. */
const open: ReadonlySet<string | undefined> = new Set([undefined, 'HTTP', 'MCP']);

/** Whether an XBackend speaks HTTP. */
export function speaksHttp({ object: { spec } }: XBackend): boolean {
  return spec.protocol !== 'TCP';
}

/** Whether an XBackend leaves it to the route which version of HTTP is spoken. */
export function leavesVersion({ object: { spec } }: XBackend): boolean {
  return open.has(spec.protocol);
}

/** The backend that an XBackend stands for. */
export function xBackend(key: string, variant: Variant | undefined, resource: XBackend): Backend {
  const { protocol, externalHostname, port } = resource.object.spec;
  return {
    key,
    owner: `XBackend/${resource.key}`,
    ownerVersion: resource.version,
    protocol: variant === 'h2c' || protocol === 'H2C' || protocol === 'GRPC' ? 'h2c' : 'http1',
    tls: undefined,
    discovery:
      externalHostname === undefined
        ? { type: 'endpoints' }
        : { type: 'dns', hosts: [{ hostname: externalHostname.hostname, port: port.number ?? 0 }] },
  };
}
