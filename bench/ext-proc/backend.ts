/** A process with servers that read requests with a body, by length or in chunks, and answer each with a few bytes. Tells its parent their ports. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

const [count = '2'] = process.argv.slice(2);
const answer = Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok\n');

function serve(socket: Socket): void {
  let seen = '';
  socket.setNoDelay();
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    seen += chunk.toString('latin1');
    for (let end = endOf(seen); end > 0; end = endOf(seen)) {
      seen = seen.slice(end);
      socket.write(answer);
    }
  });
}

/** Where the first request ends; 0 when it is not complete. */
function endOf(seen: string): number {
  const head = seen.indexOf('\r\n\r\n');
  if (head < 0) return 0;
  const length = /content-length: (\d+)/i.exec(seen.slice(0, head))?.[1];
  if (length === undefined) return seen.indexOf('\r\n0\r\n\r\n', head) + 1 && seen.indexOf('\r\n0\r\n\r\n', head) + 7;
  const end = head + 4 + Number(length);
  return end <= seen.length ? end : 0;
}

const ports: number[] = [];
for (let i = 0; i < Number(count); i++) {
  const server = createServer(serve).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ports.push((server.address() as AddressInfo).port);
}
process.on('disconnect', () => process.exit());
process.send?.({ ports });
