import { createSocket } from 'node:dgram';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import type { selfSigned } from './certificate.ts';

/** Answers each line, or datagram, with its name and the line. */
export interface LineServer {
  readonly name: string;
  readonly port: number;
  close(): Promise<void>;
}

export async function startLineServer(name: string, tls?: ReturnType<typeof selfSigned>): Promise<LineServer> {
  const sockets = new Set<Socket>();
  const answer = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    socket.on('data', (line: Buffer) => socket.write(`${name} ${line.toString()}`));
  };
  const server: Server = tls === undefined ? createServer(answer) : createTlsServer({ cert: tls.chain, key: tls.privateKey }, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    name,
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export async function startDatagramServer(name: string): Promise<LineServer> {
  const socket = createSocket('udp4', (message, from) => socket.send(`${name} ${message.toString()}`, from.port, from.address));
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return { name, port: socket.address().port, close: () => new Promise((resolve) => socket.close(() => resolve())) };
}

/** Milliseconds after which a conversation that got no answer fails. */
const patience = 5_000;

/** Opens a connection; with a server name, one of TLS, whose certificate nobody checks. */
export function open(port: number, serverName?: string): Socket {
  return serverName === undefined ? connect(port, '127.0.0.1') : connectTls({ port, host: '127.0.0.1', servername: serverName, rejectUnauthorized: false });
}

/** What is answered over an open connection: `closed` when it ends instead. */
export function say(socket: Socket, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.once('data', (data: Buffer) => resolve(data.toString()));
    socket.once('close', () => resolve('closed'));
    socket.once('error', () => resolve('closed'));
    socket.setTimeout(patience, () => {
      socket.destroy();
      reject(new Error(`no answer in ${patience} ms`));
    });
    socket.write(line);
  });
}

/** What is answered over a connection of its own. */
export async function ask(port: number, serverName?: string): Promise<string> {
  const socket = open(port, serverName);
  try {
    return await say(socket, 'hello');
  } finally {
    socket.destroy();
  }
}

/** What is answered to a datagram; undefined: nothing, for a while. */
export async function askDatagram(port: number, wait = 500): Promise<string | undefined> {
  const socket = createSocket('udp4');
  try {
    return await new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), wait);
      socket.once('message', (message) => {
        clearTimeout(timer);
        resolve(message.toString());
      });
      socket.once('error', () => {});
      socket.send('hello', port, '127.0.0.1');
    });
  } finally {
    socket.close();
  }
}
