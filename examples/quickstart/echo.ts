import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';

/** An echo server: what it is told, and where it listens. */
export interface EchoServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Starts a server on loopback that answers every request with the request as JSON, as the Gateway API's echo-basic does. */
export async function startEcho(options: { readonly pod: string; readonly port?: number }): Promise<EchoServer> {
  const server = createServer((request, response) => {
    request.resume();
    response.setHeader('content-type', 'application/json');
    response.end(`${JSON.stringify(echo(request, options.pod), undefined, 1)}\n`);
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: () => close(server) };
}

function echo(request: IncomingMessage, pod: string): object {
  return {
    path: request.url,
    host: request.headers.host,
    method: request.method,
    proto: `HTTP/${request.httpVersion}`,
    headers: headers(request),
    namespace: 'default',
    ingress: '',
    service: '',
    pod,
  };
}

/** Names as Go writes them (`X-Request-Id`), each with all its values. */
function headers(request: IncomingMessage): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const name = (request.rawHeaders[i] ?? '').toLowerCase().replace(/(^|-)([a-z])/g, (part) => part.toUpperCase());
    if (name !== 'Host') (found[name] ??= []).push(request.rawHeaders[i + 1] ?? '');
  }
  return found;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}
