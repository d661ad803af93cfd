import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { freePort, until } from './envoy.ts';
import { selfSigned } from './support/certificate.ts';
import { askTls, outcomeOfTls, seenBy } from './support/client.ts';
import { startEchoBackend, type EchoBackend } from './support/echo-backend.ts';
import { secretOf, served, startObjectsGateway, type GivenObject, type ObjectsGateway } from './support/objects-gateway.ts';

/** The most listeners that a Gateway can have, 64 of its own and 64 of each of 64 ListenerSets, all with TLS on one port of a real Envoy. */

let gateway: ObjectsGateway;
let backend: EchoBackend;
let port = 0;

const perObject = 64;
const sets = 64;

function listeners(set: number): object[] {
  return Array.from({ length: perObject }, (_, i) => ({ name: `l${i}`, protocol: 'HTTPS', port, hostname: `h${i}.s${set}.test`, tls: { certificateRefs: [{ name: 'pair' }] } }));
}

function routeTo(name: string, path: string): GivenObject {
  return ['HTTPRoute', { metadata: { name: 'r' }, spec: { parentRefs: [{ kind: 'ListenerSet', name: `s${sets}` }], rules: [{ matches: [{ path: { value: path } }], backendRefs: [{ name, port: 80 }] }] } }];
}

suite('4,160 listeners on a port', { timeout: 120_000 }, () => {
  before(async () => {
    port = await freePort();
    backend = await startEchoBackend('echo');
    gateway = await startObjectsGateway(
      ['Gateway', { metadata: { name: 'gw' }, spec: { gatewayClassName: 'c', allowedListeners: { namespaces: { from: 'Same' } }, listeners: listeners(0) } }],
      ...Array.from({ length: sets }, (_, i): GivenObject => ['ListenerSet', { metadata: { name: `s${i + 1}` }, spec: { parentRef: { name: 'gw' }, listeners: listeners(i + 1) } }]),
      secretOf('pair', selfSigned('pair.test')),
      ...served('echo', backend.port),
      routeTo('echo', '/'),
    );
    await until('the last listener is served', async () => (await outcomeOfTls(port, { serverName: `h63.s${sets}.test`, host: `h63.s${sets}.test` })) === 200, 60_000);
  });

  after(async () => {
    await gateway.close();
    await backend.close();
  });

  const last = `h0.s${sets}.test`;

  test('answer for their own hosts, and 421 for those of others', async () => {
    const status = async (serverName: string, host: string) => outcomeOfTls(port, { serverName, host });
    assert.equal(seenBy(await askTls(port, { serverName: last, host: last })).backend, 'echo');
    assert.equal(await status('h63.s0.test', 'h63.s0.test'), 404);
    assert.equal(await status(last, `h1.s${sets}.test`), 421);
    assert.equal(await status('stranger.test', 'stranger.test'), 'ECONNRESET');
  });

  test('take a change of a route as one alone would', async () => {
    gateway.apply(routeTo('echo', '/changed'));
    await until('the change is there', async () => (await askTls(port, { serverName: last, host: last })).status === 404);
    assert.equal((await askTls(port, { serverName: last, host: last, path: '/changed' })).status, 200);
  });
});
