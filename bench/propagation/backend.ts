/** A process with two servers that answer every GET with 200. Tells its parent their ports. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

const answer = Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok\n');

function serve(socket: Socket): void {
  let seen = '';
  socket.setNoDelay();
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    seen += chunk.toString('latin1');
    for (let end = seen.indexOf('\r\n\r\n'); end >= 0; end = seen.indexOf('\r\n\r\n')) {
      seen = seen.slice(end + 4);
      socket.write(answer);
    }
  });
}

const ports: number[] = [];
for (let i = 0; i < 2; i++) {
  const server = createServer(serve).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ports.push((server.address() as AddressInfo).port);
}
process.on('disconnect', () => process.exit());
process.send?.({ ports });
