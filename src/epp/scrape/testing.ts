import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer, type ServerOptions } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { Log } from '../../util/log.ts';

const DEADLINE_MS = 15_000;

/** Waits until a condition holds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!condition()) {
    assert.ok(performance.now() < deadline, `waited for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A server on loopback that ends with the test. Returns its port. */
export async function serve(context: Pick<TestContext, 'after'>, listener: RequestListener, tls?: ServerOptions): Promise<number> {
  return listen(context, tls === undefined ? createServer(listener) : createSecureServer(tls, listener));
}

/** A server that says to each connection whatever `speak` writes. */
export async function serveRaw(context: Pick<TestContext, 'after'>, speak: (socket: Socket) => void): Promise<number> {
  return listen(context, createTcpServer((socket) => {
    socket.on('error', () => {});
    speak(socket);
  }));
}

async function listen(context: Pick<TestContext, 'after'>, server: Server | TcpServer): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  context.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A log that keeps its lines, `level message`. */
export function keptLog(): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  const write = (level: string) => (_fields: object, message: string) => void lines.push(`${level} ${message}`);
  return { log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }, lines };
}
