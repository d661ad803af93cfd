/** A process with a picker that looks at nothing: what it costs is transport and protocol. Listens on the socket that it is given. */
import { extProcServer } from '../../src/epp/ext-proc/ext-proc-server.ts';

const [socket = '', ...endpoints] = process.argv.slice(2);
let turn = 0;
const server = extProcServer({
  handler: (control) => {
    const pick = () => void control.answer({ endpoints: [endpoints[turn++ % endpoints.length] ?? ''] });
    return {
      headers: ({ bodyFollows }) => void (bodyFollows || pick()),
      body: (_chunk, end) => void (end && pick()),
      closed() {},
    };
  },
  isServing: () => true,
  onError: (error) => console.error(error),
});
await server.listen({ path: socket });
process.on('disconnect', () => process.exit());
process.on('SIGTERM', () => process.exit());
process.send?.({ socket });
