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

export interface Header {
  readonly name: string;
  readonly value: string;
}

/** The request makes no sense; the message is for the user. */
export class BadRequestError extends Error {
  override readonly name = 'BadRequestError';
}

const wellKnownPort = { http: 80, https: 443 } as const;

/** Headers, all together, that may be given. */
const maxHeaders = 100;

/** Reads a request from what a user types: `GET`, `http://www.example.com/get`, `name: value`. Throws a BadRequestError. */
export function parseRequest(method: string, url: string, headerLines: readonly string[]): ExplainedRequest {
  if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(method)) throw new BadRequestError(`${JSON.stringify(method)} is not a method`);
  if (headerLines.length > maxHeaders) throw new BadRequestError(`more than ${maxHeaders} headers`);
  const match = /^(?:([a-z][a-z0-9+.-]*):\/\/)?([^/?#]+)([^#]*)(?:#.*)?$/i.exec(url);
  const scheme = (match?.[1] ?? 'http').toLowerCase();
  if (match === null) throw new BadRequestError(`${JSON.stringify(url)} is not a URL: http://HOST[:PORT]/PATH is needed`);
  if (scheme !== 'http' && scheme !== 'https') throw new BadRequestError(`scheme ${scheme} is not known: http or https is needed`);
  const hostPort = (match[2] ?? '').replace(/^.*@/, '');
  const [, host, port] = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(hostPort) ?? [];
  if (host === undefined || host === '' || Number(port ?? 0) > 65_535) throw new BadRequestError(`${JSON.stringify(hostPort)} is not a host with a port`);
  const headers = headerLines.map(parseHeader);
  const path = match[3] ?? '';
  return {
    method: method.toUpperCase(),
    scheme,
    host: host.toLowerCase(),
    port: port === undefined ? wellKnownPort[scheme] : Number(port),
    authority: headers.findLast(({ name }) => name === 'host')?.value ?? hostPort,
    path: path.startsWith('/') ? path : `/${path}`,
    headers: headers.filter(({ name }) => name !== 'host'),
  };
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
