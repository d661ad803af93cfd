import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { ask, askTls, seenBy } from '../support/client.ts';
import { selfSigned } from '../support/certificate.ts';
import { startEchoBackend, type EchoBackend } from '../support/echo-backend.ts';
import { Load } from '../support/load.ts';
import { gatewayWithTls, service, standard, tlsSecret } from '../support/manifests.ts';
import { eventually, freePort, Moongate } from '../support/moongate.ts';

suite('the standard manifests, as users have them', { timeout: 120_000 }, () => {
  const host = 'www.example.com';
  let backends: EchoBackend[];
  let port: number;
  let moongate: Moongate;

  before(async () => {
    backends = await Promise.all(['backend', 'backend-2'].map((name) => startEchoBackend(name)));
    port = await freePort();
    moongate = await Moongate.create({
      'gatewayclass.yaml': standard('gatewayclass'),
      'gateway.yaml': standard('gateway', port),
      'services.yaml': backends.map((backend) => service(backend.name, backend.port)).join('---\n'),
      'httproute.yaml': standard('httproute-1-path'),
    });
    await moongate.start();
  });

  after(async () => {
    await moongate[Symbol.asyncDispose]();
    for (const backend of backends) await backend.close();
  });

  test('a request that the route fits reaches the backend, with the headers that Envoy adds', async () => {
    const seen = seenBy(await ask(port, { host, path: '/get' }));
    assert.equal(seen.backend, 'backend');
    assert.equal(seen.path, '/get');
    assert.equal(seen.method, 'GET');
    assert.equal(seen.httpVersion, '1.1');
    assert.equal(seen.headers['host'], host);
    assert.equal(seen.headers['x-forwarded-proto'], 'http');
    assert.ok(seen.headers['x-forwarded-for']);
    assert.ok(seen.headers['x-envoy-external-address']);
    assert.match(String(seen.headers['x-request-id']), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test('any other path or host is answered with 404', async () => {
    assert.equal((await ask(port, { host, path: '/' })).status, 404);
    assert.equal((await ask(port, { host, path: '/getaway' })).status, 404);
    assert.equal((await ask(port, { host: 'example.com', path: '/get' })).status, 404);
  });

  test('the status says that all is well, and counts the route', async () => {
    const gateway = await moongate.statusOf('Gateway', 'ack-gateway');
    assert.deepEqual(gateway?.conditions?.map(({ type, status }) => `${type}=${status}`), ['Accepted=True', 'Programmed=True', 'ResolvedRefs=True']);
    assert.equal(gateway?.listeners?.[0]?.attachedRoutes, 1);
  });

  test('the route with a header filter takes effect when its file changes', async () => {
    moongate.write('httproute.yaml', standard('httproute-2-header'));
    await eventually('the backend sees the header', async () => {
      return seenBy(await ask(port, { host, path: '/get' })).headers['added-header'] === 'foo';
    });
  });

  test('weights of 8 and 2 send 80 % of 1,000 requests to the first backend', async () => {
    moongate.write('httproute.yaml', standard('httproute-3-weights'));
    await eventually('both backends answer', async () => seenBy(await ask(port, { host, path: '/get' })).backend === 'backend-2');
    let first = 0;
    for (let i = 0; i < 1000; i++) if (seenBy(await ask(port, { host, path: '/get' })).backend === 'backend') first++;
    assert.ok(Math.abs(first - 800) <= 40, `${first} of 1,000`);
  });

  test('a TLS listener is added while the plain one never stops answering', async () => {
    const https = await freePort();
    await using load = new Load({ port, hosts: [host], path: '/get', perSecond: 300 });
    await eventually('the load runs', () => load.requests > 100);
    moongate.write('secret.yaml', tlsSecret('example-cert', selfSigned(host)));
    moongate.write('gateway.yaml', gatewayWithTls({ http: port, https }));
    const reply = await eventually('the TLS listener answers', async () => {
      const found = await askTls(https, { serverName: host, host, path: '/get' });
      return found.status === 200 && found;
    });
    assert.equal(seenBy(reply).headers['x-forwarded-proto'], 'https');
    const sent = load.requests;
    await eventually('the load went on for a while', () => load.requests > sent + 150);
    const { requests, outcomes } = await load.stop();
    assert.deepEqual(outcomes, { 200: requests });
  });

  test('a certificate is replaced by the file of its Secret', async () => {
    const https = await freePort();
    moongate.write('gateway.yaml', gatewayWithTls({ http: port, https }));
    moongate.write('secret.yaml', tlsSecret('example-cert', selfSigned('renewed.example.com')));
    await eventually('the new certificate is served', async () => {
      return (await askTls(https, { serverName: host, host, path: '/get' })).subject === 'renewed.example.com';
    });
  });
});
