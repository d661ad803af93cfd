import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { request } from 'undici';
import { ask } from '../support/client.ts';
import { startEchoBackend, type EchoBackend } from '../support/echo-backend.ts';
import { callGrpc, frame, seenIn, startGrpcBackend, type GrpcBackend } from '../support/grpc.ts';
import { route, service, standard } from '../support/manifests.ts';
import { eventually, freePort, Moongate } from '../support/moongate.ts';

const host = 'www.example.com';
const unimplemented = 12;
const unavailable = 14;

const grpcRoute = `apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata:
  name: calls
spec:
  parentRefs:
    - name: ack-gateway
  hostnames: ["${host}"]
  rules:
    - matches:
        - method: { service: shop.Orders }
      backendRefs:
        - { name: orders, port: 3000 }
    - matches:
        - method: { service: shop.Orders, method: Add }
          headers: [{ name: version, value: two }]
      filters:
        - type: RequestHeaderModifier
          requestHeaderModifier: { set: [{ name: x-canary, value: "yes" }] }
      backendRefs:
        - { name: orders-2, port: 3000 }
    - matches:
        - method: { service: shop.Carts }
      backendRefs:
        - { name: missing, port: 3000 }
`;

suite('gRPC and HTTP on one host', { timeout: 120_000 }, () => {
  let grpc: GrpcBackend[];
  let site: EchoBackend;
  let port: number;
  let moongate: Moongate;

  before(async () => {
    [grpc, site, port] = await Promise.all([Promise.all([startGrpcBackend('orders'), startGrpcBackend('orders-2')]), startEchoBackend('site'), freePort()]);
    const services = grpc.map((backend) => service(backend.name, backend.port).replace('targetPort: 3000', 'appProtocol: kubernetes.io/h2c'));
    moongate = await Moongate.create({
      'gatewayclass.yaml': standard('gatewayclass'),
      'gateway.yaml': standard('gateway', port),
      'services.yaml': [...services, service(site.name, site.port)].join('---\n'),
      'grpcroute.yaml': grpcRoute,
      'httproute.yaml': route('site', { host, rule: '{ backendRefs: [{ name: site, port: 3000 }] }' }),
    });
    await moongate.start();
  });

  after(async () => {
    await moongate[Symbol.asyncDispose]();
    await Promise.all([...grpc, site].map((backend) => backend.close()));
  });

  test('a call goes by its service', async () => {
    const { status, seen } = await callGrpc(port, { host, path: '/shop.Orders/List' });
    assert.deepEqual([status, seen?.backend, seen?.path], [0, 'orders', '/shop.Orders/List']);
  });

  test('a match that names the method wins, with its headers and filters', async () => {
    const { seen } = await callGrpc(port, { host, path: '/shop.Orders/Add', headers: { version: 'two' } });
    assert.deepEqual([seen?.backend, seen?.headers['x-canary']], ['orders-2', 'yes']);
    assert.equal((await callGrpc(port, { host, path: '/shop.Orders/Add' })).seen?.backend, 'orders');
  });

  test('a backend that does not exist is UNAVAILABLE', async () => {
    assert.equal((await callGrpc(port, { host, path: '/shop.Carts/Get' })).status, unavailable);
  });

  test('a host that nobody has is UNIMPLEMENTED', async () => {
    assert.equal((await callGrpc(port, { host: 'else.example.com', path: '/shop.Orders/List' })).status, unimplemented);
  });

  test('a request that is no call goes to the HTTPRoute, whatever its path', async () => {
    const reply = await ask(port, { host, path: '/shop.Orders/List' });
    assert.equal((JSON.parse(reply.body) as { backend: string }).backend, 'site');
  });

  test('gRPC-Web reaches the server as gRPC, and its trailers come back in the body', async () => {
    const answer = await fetchGrpcWeb(port, '/shop.Orders/List');
    assert.match(answer.contentType, /^application\/grpc-web/);
    const seen = seenIn(answer.body);
    assert.deepEqual([seen.backend, seen.headers['content-type']], ['orders', 'application/grpc']);
    assert.match(answer.body.toString('latin1'), /grpc-status:0/);
  });

  test('the status of the GRPCRoute names the reference that leads nowhere', async () => {
    const conditions = (await moongate.statusOf('GRPCRoute', 'calls'))?.parents?.[0]?.conditions ?? [];
    assert.deepEqual(conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`), ['Accepted=True Accepted', 'ResolvedRefs=False BackendNotFound']);
  });

  test('a change of the route is in force without a call being lost', async () => {
    moongate.write('grpcroute.yaml', grpcRoute.replace('{ name: orders, port', '{ name: orders-2, port'));
    await eventually('calls reach the other server', async () => {
      const { status, seen } = await callGrpc(port, { host, path: '/shop.Orders/List' });
      assert.equal(status, 0);
      return seen?.backend === 'orders-2';
    });
  });
});

async function fetchGrpcWeb(port: number, path: string): Promise<{ contentType: string; body: Buffer }> {
  const { headers, body } = await request(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: { host, 'content-type': 'application/grpc-web+proto', 'x-grpc-web': '1' },
    body: frame(''),
  });
  return { contentType: String(headers['content-type']), body: Buffer.from(await body.arrayBuffer()) };
}
