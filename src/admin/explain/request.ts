/** What is asked about. */
export type Question = ExplainedRequest | ExplainedConnection;

/** A connection, or datagrams, whatever is said over them. */
export interface ExplainedConnection {
  readonly scheme: 'tls' | 'tcp' | 'udp';
  readonly host: string;
  readonly port: number;
}

/** A request as somebody would send it. */
export interface ExplainedRequest {
  readonly method: string;
  readonly scheme: 'http' | 'https';
  /** Where the client connects to: name or address, without port. It is also the server name of TLS (SNI) unless it is an address. */
  readonly host: string;
  /** The port that the client connects to. */
  readonly port: number;
  /** What the request names as its host, with port as sent: Host or :authority. */
  readonly authority: string;
  /** As sent, with query. */
  readonly path: string;
  /** Names in lower case, without Host. */
  readonly headers: readonly Header[];
}

/** A request as routes see it: path normalized, Envoy's own headers in place. */
export interface RoutedRequest {
  readonly method: string;
  readonly authority: string;
  /** With query. */
  readonly path: string;
  readonly headers: readonly Header[];
}

export interface Header {
  readonly name: string;
  readonly value: string;
}

/** The request makes no sense; the message is for the user. */
export class BadRequestError extends Error {
  override readonly name = 'BadRequestError';
}

const schemes: readonly string[] = ['http', 'https', 'grpc', 'grpcs', 'tls', 'tcp', 'udp'];

const wellKnownPort: Readonly<Record<string, number>> = { http: 80, https: 443, grpc: 80, grpcs: 443, tls: 443 };

/** What carries gRPC. */
const grpcSchemes: Readonly<Record<string, ExplainedRequest['scheme']>> = { grpc: 'http', grpcs: 'https' };

/** Headers, all together, that may be given. */
const maxHeaders = 100;

/** Reads what a user types: a request, or with `tls://`, `tcp://` or `udp://` a connection. Throws a BadRequestError. */
export function parseQuestion(method: string | undefined, url: string, headerLines: readonly string[]): Question {
  const scheme = /^(tls|tcp|udp):\/\//i.exec(url)?.[1]?.toLowerCase() as ExplainedConnection['scheme'] | undefined;
  if (scheme === undefined) return parseRequest(method, url, headerLines);
  if (method !== undefined || headerLines.length > 0) throw new BadRequestError(`a connection (${scheme}://) has no method and no headers`);
  const { host, port, path } = parseUrl(url);
  if (path !== '' && path !== '/') throw new BadRequestError(`a connection (${scheme}://) has no path`);
  return { scheme, host: host.toLowerCase(), port };
}

/**
 * Reads a request: `GET`, `http://www.example.com/get`, `name: value`. `grpc://` and `grpcs://` stand for a call: a POST with the content
 * type of gRPC. Without a method it is a GET. Throws a BadRequestError.
 */
export function parseRequest(method: string | undefined, url: string, headerLines: readonly string[]): ExplainedRequest {
  if (method !== undefined && !/^[!#$%&'*+.^_`|~\w-]+$/.test(method)) throw new BadRequestError(`${JSON.stringify(method)} is not a method`);
  if (headerLines.length > maxHeaders) throw new BadRequestError(`more than ${maxHeaders} headers`);
  const { scheme, hostPort, host, port, path } = parseUrl(url);
  const carrier = grpcSchemes[scheme];
  const headers = headerLines.map(parseHeader);
  const isCall = carrier !== undefined && !headers.some(({ name }) => name === 'content-type');
  return {
    method: method?.toUpperCase() ?? (carrier === undefined ? 'GET' : 'POST'),
    scheme: carrier ?? (scheme as ExplainedRequest['scheme']),
    host: host.toLowerCase(),
    port,
    authority: headers.findLast(({ name }) => name === 'host')?.value ?? hostPort,
    path: path.startsWith('/') ? path : `/${path}`,
    headers: [...headers.filter(({ name }) => name !== 'host'), ...(isCall ? [{ name: 'content-type', value: 'application/grpc' }] : [])],
  };
}

interface ParsedUrl {
  readonly scheme: string;
  readonly hostPort: string;
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

function parseUrl(url: string): ParsedUrl {
  const match = /^(?:([a-z][a-z0-9+.-]*):\/\/)?([^/?#]+)([^#]*)(?:#.*)?$/i.exec(url);
  if (match === null) throw new BadRequestError(`${JSON.stringify(url)} is not a URL: http://HOST[:PORT]/PATH is needed`);
  const scheme = (match[1] ?? 'http').toLowerCase();
  if (!schemes.includes(scheme)) throw new BadRequestError(`scheme ${scheme} is not known: ${schemes.join(', ')} is needed`);
  const hostPort = (match[2] ?? '').replace(/^.*@/, '');
  const [, host, given] = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(hostPort) ?? [];
  if (host === undefined || host === '' || Number(given ?? 0) > 65_535) throw new BadRequestError(`${JSON.stringify(hostPort)} is not a host with a port`);
  const port = given === undefined ? wellKnownPort[scheme] : Number(given);
  if (port === undefined) throw new BadRequestError(`${scheme}://${hostPort} names no port: ${scheme}://HOST:PORT is needed`);
  return { scheme, hostPort, host, port, path: match[3] ?? '' };
}

function parseHeader(line: string): Header {
  const colon = line.indexOf(':');
  const name = line.slice(0, colon).trim().toLowerCase();
  if (colon < 1 || !/^[!#$%&'*+.^_`|~\w-]+$/.test(name)) throw new BadRequestError(`${JSON.stringify(line)} is not a header: "name: value" is needed`);
  return { name, value: line.slice(colon + 1).trim() };
}

/** The host that a request names, lower case, without port: what virtual hosts are chosen by. */
export function hostOf(authority: string): string {
  return authority.replace(/:\d+$/, '').toLowerCase();
}
