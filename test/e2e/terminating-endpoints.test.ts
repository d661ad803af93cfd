import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, suite, test } from 'node:test';
import { until } from './envoy.ts';
import { ask, seenBy } from './support/client.ts';
import { serviceApp, sliceOf, startCoreGateway, type CoreGateway } from './support/core-gateway.ts';
import { startEchoBackend, type EchoBackend } from './support/echo-backend.ts';

const name = 'service/default/app/80';
const terminating = { conditions: { ready: false, serving: true, terminating: true } };

suite('a server that terminates', { timeout: 60_000 }, () => {
  let gateway: CoreGateway;
  let other: EchoBackend;
  let leaving: Server;
  let leavingPort: number;
  /** Answers that have begun and go on until the test ends them. */
  const open: ServerResponse[] = [];

  before(async () => {
    leaving = createServer((_request, response) => {
      response.writeHead(200).write('first ');
      open.push(response);
    }).listen(0, '127.0.0.1');
    await once(leaving, 'listening');
    leavingPort = (leaving.address() as AddressInfo).port;
    other = await startEchoBackend('other');
    gateway = await startCoreGateway();
    // Envoy is waited for with requests, which are to end.
    gateway.apply(serviceApp(), sliceOf('other', other.port));
  });

  after(async () => {
    await gateway.close();
    await other.close();
    leaving.close();
  });

  const acked = (): Promise<void> => until('Envoy has the endpoints', async () => gateway.core.ads.ackState('default/web', 'EDS', name)[0]?.state === 'acked');

  test('gets no new requests while another is ready, and ends those that it has, in the slice or out of it', async () => {
    await gateway.withEnvoy({}, async () => {
      gateway.apply(sliceOf('other', other.port, { conditions: { ready: false } }), sliceOf('leaving', leavingPort));
      await acked();
      const [stream] = (await once(get({ port: gateway.port, agent: false, headers: { host: 'a.test' } }), 'response')) as [IncomingMessage];
      const text = allOf(stream);
      await until('the answer has begun', async () => open.length === 1);

      gateway.apply(sliceOf('other', other.port), sliceOf('leaving', leavingPort, terminating));
      await acked();
      for (let request = 0; request < 20; request++) assert.equal(seenBy(await ask(gateway.port)).backend, 'other');
      open[0]?.write('second ');

      gateway.apply(['EndpointSlice', { metadata: { name: 'leaving', namespace: 'default', labels: { 'kubernetes.io/service-name': 'app' } }, addressType: 'IPv4', ports: [{ port: leavingPort }], endpoints: [] }]);
      await acked();
      for (let request = 0; request < 20; request++) assert.equal(seenBy(await ask(gateway.port)).backend, 'other');
      open[0]?.end('last');
      assert.equal(await text, 'first second last');
      assert.equal(open.length, 1);
    });
  });
});

async function allOf(stream: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}
