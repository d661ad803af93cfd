import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { startHttpAuth } from '../support/auth-service.ts';
import { ask, askTls, seenBy } from '../support/client.ts';
import { selfSigned } from '../support/certificate.ts';
import { startEchoBackend } from '../support/echo-backend.ts';
import { route, service, standard, tlsSecret } from '../support/manifests.ts';
import { eventually, freePort, Moongate } from '../support/moongate.ts';

const filters = '{requests: [{type: ExternalAuth, externalAuth: {protocol: HTTP, http: {allowedResponseHeaders: [x-tenant]}, backendRef: {name: auth, port: 3000}}}]}';

function gateway(http: number, https: number): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: ack-gateway}
spec:
  gatewayClassName: ack-gateway
  listeners:
  - {name: guarded, port: ${http}, protocol: HTTP, hostname: guarded.example.com, filters: ${filters}}
  - {name: open, port: ${http}, protocol: HTTP}
  - {name: https, port: ${https}, protocol: HTTPS, tls: {certificateRefs: [{name: server}]}, filters: ${filters}}
`;
}

const rule = 'backendRefs: [{name: backend, port: 3000}]';

/** A route for the guests of a tenant, which the service names. */
function tenantRoute(host: string): string {
  return route(`tenant-${host.split('.')[0]}`, { host, rule: 'matches: [{headers: [{name: x-tenant, value: one}]}]\nbackendRefs: [{name: tenant, port: 3000}]' });
}

suite('filters of listeners', { timeout: 120_000 }, () => {
  test('find out who asks before a route is chosen, for the hosts of their listener', async () => {
    await using stack = new AsyncDisposableStack();
    const [backend, tenant] = await Promise.all([startEchoBackend('backend'), startEchoBackend('tenant')]);
    const auth = await startHttpAuth(({ headers }) => (headers['authorization'] === undefined ? { status: 401 } : { status: 200, headers: { 'x-tenant': headers['authorization'] } }));
    for (const server of [backend, tenant, auth]) stack.defer(() => server.close());
    const [http, https] = [await freePort(), await freePort()];
    const [guarded, open] = ['guarded.example.com', 'open.example.com'];
    const moongate = await Moongate.create({
      'gatewayclass.yaml': standard('gatewayclass'),
      'gateway.yaml': gateway(http, https),
      'server.yaml': tlsSecret('server', selfSigned(guarded)),
      'services.yaml': [service('backend', backend.port), service('tenant', tenant.port), service('auth', auth.port)].join('---\n'),
      'routes.yaml': [route('guarded', { host: guarded, rule }), tenantRoute(guarded), route('open', { host: open, rule }), tenantRoute(open)].join('---\n'),
    });
    stack.use(moongate);
    await moongate.start();
    const who = async (host: string, headers: Readonly<Record<string, string>>): Promise<string> => {
      const reply = await ask(http, { host, headers });
      return reply.status === 200 ? seenBy(reply).backend : String(reply.status);
    };
    await eventually('tenants have a backend of their own', async () => (await who(guarded, { authorization: 'one' })) === 'tenant');
    assert.equal(await who(guarded, { authorization: 'two' }), 'backend');
    assert.equal(await who(guarded, { authorization: 'two', 'x-tenant': 'one' }), 'backend', 'the service has the last word');
    assert.equal(await who(guarded, { 'x-tenant': 'one' }), '401');
    assert.equal(await who(open, {}), 'backend');
    assert.equal(await who(open, { 'x-tenant': 'one' }), 'tenant');

    const secure = await eventually('the TLS listener answers', async () => {
      const reply = await askTls(https, { serverName: guarded, host: guarded, headers: { authorization: 'one' } });
      return reply.status === 200 && reply;
    });
    assert.equal(seenBy(secure).backend, 'tenant');
    assert.equal((await askTls(https, { serverName: guarded, host: guarded })).status, 401);

    moongate.write('services.yaml', [service('backend', backend.port), service('tenant', tenant.port)].join('---\n'));
    await eventually('nobody gets in without the service', async () => (await who(guarded, { authorization: 'one' })) === '500');
    assert.equal(await who(open, {}), 'backend');
    const listener = (await moongate.statusOf('Gateway', 'ack-gateway'))?.listeners?.find(({ name }) => name === 'guarded');
    assert.equal(listener?.conditions.find(({ type }) => type === 'ResolvedRefs')?.reason, 'InvalidListenerFilterRef');
  });
});
