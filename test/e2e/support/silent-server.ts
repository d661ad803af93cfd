import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const source = `require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () { process.stdout.write(String(this.address().port)); });`;

/**
 * A port of loopback to which connections are begun and neither made nor refused, as to a machine that is gone: who listens there is stopped, and
 * all the room for connections that wait is taken.
 */
export async function startSilentServer(): Promise<{ readonly port: number; close(): void }> {
  const child = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [written] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(written.toString());
  child.kill('SIGSTOP');
  const sockets: Socket[] = [];
  // Linux holds one more than the backlog says.
  for (let i = 0; i < 2; i++) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    sockets.push(socket);
    await once(socket, 'connect');
  }
  return {
    port,
    close() {
      for (const socket of sockets) socket.destroy();
      child.kill('SIGKILL');
    },
  };
}
