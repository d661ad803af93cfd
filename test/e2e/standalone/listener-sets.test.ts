import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { ask, seenBy } from '../support/client.ts';
import { startEchoBackend, type EchoBackend } from '../support/echo-backend.ts';
import { Load } from '../support/load.ts';
import { service, standard } from '../support/manifests.ts';
import { eventually, freePort, Moongate } from '../support/moongate.ts';

suite('listeners that a ListenerSet brings to a Gateway', { timeout: 120_000 }, () => {
  let backend: EchoBackend;
  let port: number;
  let more: number;
  let moongate: Moongate;

  const route = (name: string, parent: string, host: string) => `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name} }
spec:
  parentRefs: [{ kind: ${parent}, group: gateway.networking.k8s.io, name: ${parent === 'Gateway' ? 'ack-gateway' : 'team'} }]
  hostnames: ["${host}"]
  rules: [{ backendRefs: [{ name: backend, port: 3000 }] }]
`;
  const gateway = (from: string) => standard('gateway', port).replace('  listeners:', `  allowedListeners: { namespaces: { from: ${from} } }\n  listeners:`);
  const set = (hostname: string) => `apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: { name: team }
spec:
  parentRef: { name: ack-gateway }
  listeners:
    - { name: host, port: ${port}, protocol: HTTP, hostname: ${hostname} }
    - { name: port, port: ${more}, protocol: HTTP }
`;

  before(async () => {
    [backend, port, more] = await Promise.all([startEchoBackend('backend'), freePort(), freePort()]);
    moongate = await Moongate.create({
      'gatewayclass.yaml': standard('gatewayclass'),
      'gateway.yaml': gateway('None'),
      'service.yaml': service(backend.name, backend.port),
      'route.yaml': [route('own', 'Gateway', 'own.example.com'), route('teams', 'ListenerSet', 'team.example.com')].join('---\n'),
    });
    await moongate.start();
  });

  after(async () => {
    await moongate[Symbol.asyncDispose]();
    await backend.close();
  });

  const status = async (host: string, at = port) => (await ask(at, { host })).status;

  test('a set that the Gateway does not allow brings nothing', async () => {
    moongate.write('set.yaml', set('team.example.com'));
    await eventually('the set says so', async () => (await moongate.statusOf('ListenerSet', 'team'))?.conditions?.some(({ reason }) => reason === 'NotAllowed'));
    assert.equal(await status('team.example.com'), 404);
  });

  test('one that it allows comes while the Gateway serves, on its port and on another one', async () => {
    await using load = new Load({ port, hosts: ['own.example.com'], path: '/', perSecond: 300 });
    await eventually('the load runs', () => load.requests > 50);
    moongate.write('gateway.yaml', gateway('Same'));
    await eventually('the port of the set answers', async () => seenBy(await ask(more, { host: 'team.example.com' })).backend === 'backend');
    assert.equal(await status('team.example.com'), 200);
    assert.equal(await status('own.example.com', more), 404);
    const { requests, outcomes } = await load.stop();
    assert.deepEqual(outcomes, { 200: requests });
  });

  test('a listener that takes a host of the Gateway keeps the routes of the Gateway off it', async () => {
    moongate.write('set.yaml', set('own.example.com'));
    await eventually('the host belongs to the set', async () => (await status('own.example.com')) === 404);
    moongate.write('set.yaml', set('team.example.com'));
    await eventually('and back', async () => (await status('own.example.com')) === 200);
  });

  test('without the set its listeners are gone', async () => {
    moongate.remove('set.yaml');
    await eventually('the port is closed', async () => (await ask(more, { host: 'team.example.com' }).catch(() => undefined)) === undefined);
    assert.equal(await status('team.example.com'), 404);
    assert.equal(await status('own.example.com'), 200);
  });
});
