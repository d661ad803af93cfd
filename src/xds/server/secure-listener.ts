import { isIPv6, type AddressInfo, type Socket } from 'node:net';
import { createSecureContext, createServer, type Server, type TLSSocket } from 'node:tls';
import { messageOf } from '../../util/error-message.ts';
import type { Log } from '../../util/log.ts';

/** A peer has this long (ms) to finish its handshake. */
const HANDSHAKE_MS = 10_000;
/** At most one warning about connections that fail in this time (ms). */
const COMPLAINT_MS = 1_000;

/** What the server shows its clients, and whose clients it believes. All PEM; the key must never be printed. */
export interface ServerTls {
  /** The authorities, one or several, that issue the clients' certificates. */
  readonly ca: string;
  /** The server's certificate, and those between it and its authority if there are any. */
  readonly cert: string;
  readonly key: string;
}

export interface SecureListenerOptions {
  readonly tls: ServerTls;
  readonly log: Log;
  /** Milliseconds of a steady clock. */
  readonly clock: () => number;
  /** Connections beyond it are closed at once. */
  readonly maxConnections: number;
  /** Takes over a connection whose client has shown a certificate that we believe. */
  readonly onConnection: (socket: TLSSocket) => void;
}

/** Accepts TLS connections: TLS 1.2 or later, HTTP/2 only, client certificates required. */
export class SecureListener {
  readonly #server: Server;
  readonly #options: SecureListenerOptions;
  readonly #sockets = new Set<Socket>();
  #closed: Promise<void> | undefined;
  #failures = 0;
  #loggedAt = Number.NEGATIVE_INFINITY;

  /** Throws when certificate, key or authorities cannot be used. */
  constructor(options: SecureListenerOptions) {
    const { tls, log, maxConnections, onConnection } = options;
    this.#options = options;
    this.#server = createServer({
      ...usable(tls),
      requestCert: true,
      rejectUnauthorized: true,
      ALPNProtocols: ['h2'],
      handshakeTimeout: HANDSHAKE_MS,
    });
    this.#server.maxConnections = maxConnections;
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('secureConnection', (socket) => {
      socket.on('error', (error) => log.debug({ peer: peerOf(socket), reason: error.message }, 'xds: connection failed'));
      // A client that did not ask for any protocol is let through by OpenSSL.
      if (socket.alpnProtocol !== 'h2') socket.destroy();
      else onConnection(socket);
    });
    this.#server.on('tlsClientError', (error, socket) => this.#failed(error, socket));
    this.#server.on('drop', ({ remoteAddress = 'unknown' } = {}) => {
      this.#complain({ peer: remoteAddress, limit: maxConnections }, 'xds: too many connections');
    });
  }

  /** Listens on `host:port`, port 0 for any; resolves to the port. */
  listen(address: string): Promise<number> {
    const { host, port } = splitAddress(address);
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', reject);
        // What an open server says: it could not accept somebody, for want of file descriptors.
        this.#server.on('error', ({ message }) => this.#complain({ reason: message }, 'xds: a connection was not accepted'));
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /**
   * Handshakes from here on use this; connections that are open stay. Throws when it cannot be used: then what was there stays.
   * Tickets of earlier sessions are not taken any more, so who resumes has to show a certificate that is believed still.
   */
  update(tls: ServerTls): void {
    this.#server.setSecureContext(usable(tls));
  }

  /** Stops accepting; connections that are open stay. */
  stop(): void {
    this.#closed ??= new Promise((resolve) => this.#server.close(() => resolve()));
  }

  /** Ends every connection; resolves when the port is free. */
  async close(): Promise<void> {
    this.stop();
    for (const socket of this.#sockets) socket.destroy();
    await this.#closed;
  }

  #failed(error: Error, socket: TLSSocket): void {
    // What the check of the client's certificate said, if that is what failed; a string, whatever its type says.
    const judgement: unknown = socket.authorizationError;
    const reason = typeof judgement === 'string' ? judgement : error.message;
    this.#complain({ peer: peerOf(socket), reason }, 'xds: TLS handshake failed');
  }

  /** Anybody who reaches the port could fill the log, so a line stands for what happened since the last one. */
  #complain(fields: object, message: string): void {
    const now = this.#options.clock();
    this.#failures++;
    if (now < this.#loggedAt + COMPLAINT_MS) return;
    this.#options.log.warn({ ...fields, times: this.#failures }, message);
    this.#failures = 0;
    this.#loggedAt = now;
  }
}

/** The options of a secure context, tried out: `setSecureContext` leaves a server without any when they are bad. */
function usable({ ca, cert, key }: ServerTls): { ca: string; cert: string; key: string; minVersion: 'TLSv1.2' } {
  const options = { ca, cert, key, minVersion: 'TLSv1.2' as const };
  if (!/-----BEGIN [A-Z0-9 ]*CERTIFICATE-----/.test(ca)) throw new Error('xDS server: no authority for client certificates is given');
  try {
    createSecureContext(options);
  } catch (error) {
    throw new Error(`xDS server: the certificate, its key or the authorities cannot be used: ${messageOf(error)}`, { cause: error });
  }
  return options;
}

function splitAddress(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(':');
  const host = address.slice(0, at).replace(/^\[(.*)\]$/, '$1');
  const port = Number(address.slice(at + 1));
  if (at <= 0 || !Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`xDS server: ${address} is not host:port`);
  return { host, port };
}

function peerOf(socket: TLSSocket): string {
  const { remoteAddress = 'unknown', remotePort = 0 } = socket;
  return isIPv6(remoteAddress) ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
}
