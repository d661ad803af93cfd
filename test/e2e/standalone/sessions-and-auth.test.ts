import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { startHttpAuth, type AuthService } from '../support/auth-service.ts';
import { ask, seenBy } from '../support/client.ts';
import { startEchoBackend, type EchoBackend } from '../support/echo-backend.ts';
import { route, service, standard } from '../support/manifests.ts';
import { eventually, freePort, Moongate } from '../support/moongate.ts';

suite('sessions and external authorization, from files', { timeout: 120_000 }, () => {
  let backends: EchoBackend[];
  let auth: AuthService;
  let port: number;
  let moongate: Moongate;

  /** An EndpointSlice more for a Service of the standard set. */
  const another = (name: string, of: string, at: number) => service(of, at).split('---\n')[1]?.replace(`${of}-local`, name) ?? '';
  const backendRefs = 'backendRefs:\n  - name: app\n    port: 3000';
  const externalAuth = `filters:
  - type: ExternalAuth
    externalAuth:
      protocol: HTTP
      http: {}
      backendRef:
        name: auth
        port: 3000
${backendRefs}`;

  before(async () => {
    [auth, ...backends] = await Promise.all([
      startHttpAuth(({ headers }) => (headers['authorization'] === 'me' ? { status: 200, headers: { 'x-user': 'me' } } : { status: 401, headers: { 'x-why': 'nobody' } })),
      ...['a', 'b', 'c'].map((name) => startEchoBackend(name)),
    ]);
    port = await freePort();
    const [a, b, c] = backends.map((backend) => backend.port);
    moongate = await Moongate.create({
      'gatewayclass.yaml': standard('gatewayclass'),
      'gateway.yaml': standard('gateway', port),
      'services.yaml': [service('app', a ?? 0), another('app-2', 'app', b ?? 0), another('app-3', 'app', c ?? 0), service('auth', auth.port)].join('---\n'),
      'auth.yaml': route('auth', { host: 'auth.test', rule: externalAuth }),
      'session.yaml': route('session', { host: 'session.test', rule: `sessionPersistence:\n  cookie:\n    name: stay\n${backendRefs}` }),
      'policy.yaml': route('policy', { host: 'policy.test', rule: backendRefs }),
    });
    await moongate.start();
  });

  after(async () => {
    await moongate[Symbol.asyncDispose]();
    for (const server of [auth, ...backends]) await server.close();
  });

  /** The servers that answer 20 requests which carry the cookie that the first was given. */
  async function serversOf(host: string): Promise<Set<string>> {
    const first = await ask(port, { host });
    const cookie = [first.headers['set-cookie'] ?? []].flat().map((line) => line.split(';', 1)[0]).join('; ');
    const seen = new Set([seenBy(first).backend]);
    for (let i = 0; i < 20; i++) seen.add(seenBy(await ask(port, { host, headers: { cookie } })).backend);
    return seen;
  }

  test('a client stays with its server', async () => assert.equal((await serversOf('session.test')).size, 1));

  test('the service decides', async () => {
    const denied = await ask(port, { host: 'auth.test' });
    assert.deepEqual([denied.status, denied.headers['x-why']], [401, 'nobody']);
    assert.equal(seenBy(await ask(port, { host: 'auth.test', headers: { authorization: 'me' } })).headers['x-user'], 'me');
  });

  test('a route whose service is gone answers 500, and says so', async () => {
    moongate.write('auth.yaml', route('auth', { host: 'auth.test', rule: externalAuth.replace('name: auth', 'name: nobody') }));
    await eventually('nobody is let in', async () => (await ask(port, { host: 'auth.test', headers: { authorization: 'me' } })).status === 500);
    const conditions = (await moongate.statusOf('HTTPRoute', 'auth'))?.parents?.[0]?.conditions;
    assert.match(conditions?.find(({ type }) => type === 'ResolvedRefs')?.message ?? '', /^rules\[0\]\.filters\[0\]: Service default\/nobody does not exist$/);
  });

  test('a policy brings sessions to the routes of a Service', async () => {
    assert.ok((await serversOf('policy.test')).size > 1);
    moongate.write('traffic-policy.yaml', `apiVersion: gateway.networking.x-k8s.io/v1alpha1
kind: XBackendTrafficPolicy
metadata:
  name: sticky
spec:
  targetRefs:
    - group: ''
      kind: Service
      name: app
  sessionPersistence:
    cookie: {}
`);
    await eventually('the policy is in force', async () => (await ask(port, { host: 'policy.test' })).headers['set-cookie'] !== undefined);
    assert.equal((await serversOf('policy.test')).size, 1);
  });
});
