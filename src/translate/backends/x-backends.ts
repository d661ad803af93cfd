import type { Variant } from './backend-key.ts';
import { forbiddenHost } from './hosts.ts';
import { at, bugFault, type Fault } from '../conditions.ts';
import { sessionFault } from '../routes/sessions.ts';
import type { TlsValidation } from '../tls/tls-validation.ts';
import { xBackendTls, type XBackendTlsSources } from '../tls/x-backend-tls.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import type { Backend } from '../../ir/backend.ts';
import type { Collection } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';

type XBackend = ResourceOf<'XBackend'>;

/**
 * Ties an EndpointSlice to the XBackend whose Pods it lists. In a cluster the slices are those of a Service that is made for the XBackend,
 * which hands its labels on to them; among files it is whoever writes the slice that says so.
 */
export const xBackendLabel = 'moongate.dev/xbackend';

/** Characters of a label's value. */
const maxLabelValue = 63;

/** An XBackend (GEP-4894), whoever uses it. Key: `namespace/name`. */
export interface XBackendState extends TlsValidation {
  readonly resource: XBackend;
}

/** All XBackends. `anyHost`: they may name whatever the proxies reach. */
export function xBackends(graph: Graph, from: XBackendTlsSources & { readonly anyHost: boolean }): Collection<XBackendState> {
  return graph.derive('x-backends', from.inputs.resources.XBackend, (resource, read): XBackendState => {
    const { acceptedFault, ...tls } = xBackendTls(resource, read, from);
    return { resource, ...tls, acceptedFault: xBackendFault(resource, from.anyHost) ?? acceptedFault };
  }, { recover: (resource, error) => ({ resource, tls: undefined, acceptedFault: bugFault(error), refsFault: undefined }) });
}

/** What keeps an XBackend from being used by anybody, beside its TLS; undefined: nothing. */
function xBackendFault({ metadata, object: { spec } }: XBackend, anyHost: boolean): Fault | undefined {
  const unsupported = (message: string): Fault => ({ reason: 'UnsupportedValue', message });
  if (spec.port.number === undefined) return unsupported('spec.port: a number is needed');
  const session = spec.sessionPersistence && sessionFault(spec.sessionPersistence);
  if (session !== undefined) return at('spec.sessionPersistence', session);
  if (spec.endpointSelector !== undefined && metadata.name.length > maxLabelValue) {
    return unsupported(`metadata.name: with an endpointSelector no more than ${maxLabelValue} characters are supported`);
  }
  const hostname = spec.externalHostname?.hostname;
  const forbidden = anyHost || hostname === undefined ? undefined : forbiddenHost(hostname);
  return forbidden === undefined ? undefined : unsupported(`spec.externalHostname.hostname: ${forbidden}`);
}

/** Protocols of an XBackend that leave it to the route which version of HTTP is spoken, or with TLS to its servers. */
const open: ReadonlySet<string | undefined> = new Set([undefined, 'HTTP', 'MCP']);

/** Protocols of an XBackend that are HTTP/2 and nothing else. */
const http2: ReadonlySet<string | undefined> = new Set(['HTTP2', 'H2C', 'GRPC']);

/** Why an XBackend does not speak what it is to be sent; undefined: it does. `onlyHttp2`: nothing but HTTP/2 will do. */
export function protocolFault({ object: { spec: { protocol } } }: XBackend, onlyHttp2: boolean): string | undefined {
  if (protocol === 'TCP') return 'protocol TCP is not HTTP';
  return onlyHttp2 && !open.has(protocol) && !http2.has(protocol) ? `protocol ${protocol} is HTTP/1.1, and gRPC needs HTTP/2` : undefined;
}

/** Whether an XBackend leaves it to the route which version of HTTP is spoken. */
export function leavesVersion({ object: { spec } }: XBackend): boolean {
  return open.has(spec.protocol);
}

/** The backend that an XBackend stands for. */
export function xBackend(key: string, variant: Variant | undefined, { resource, tls: own }: XBackendState): Backend {
  const { protocol, externalHostname, port } = resource.object.spec;
  const tls = variant === 'passthrough' ? undefined : own;
  return {
    key,
    owner: `XBackend/${resource.key}`,
    ownerVersion: resource.version,
    protocol: variant === 'h2c' || http2.has(protocol) ? 'h2c' : tls !== undefined && open.has(protocol) ? 'auto' : 'http1',
    tls,
    discovery:
      externalHostname === undefined
        ? { type: 'endpoints' }
        : { type: 'dns', hosts: [{ hostname: externalHostname.hostname, port: port.number ?? 0 }] },
  };
}
