import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { TLSSocket } from 'node:tls';
import { selfSigned } from '../support/certificate.ts';
import { ask, askDatagram, open, say, startDatagramServer, startLineServer, type LineServer } from '../support/line-server.ts';
import { caConfigMap, service, standard, tlsPolicy, tlsSecret } from '../support/manifests.ts';
import { eventually, freePort, Moongate } from '../support/moongate.ts';

/** The answer, and whose certificate the client saw. */
async function tls(port: number, serverName: string): Promise<string> {
  const socket = open(port, serverName);
  try {
    const answer = await say(socket, 'hello');
    return answer === 'closed' || !(socket instanceof TLSSocket) ? answer : `${answer} from ${String(socket.getPeerCertificate().subject.CN)}`;
  } finally {
    socket.destroy();
  }
}

function udp(port: number): Promise<string | undefined> {
  return askDatagram(port, 5_000);
}

function route(kind: string, name: string, spec: string): string {
  return `apiVersion: gateway.networking.k8s.io/v1\nkind: ${kind}\nmetadata: { name: ${name} }\nspec:\n  ${spec.trim().replaceAll('\n', '\n  ')}\n`;
}

function refs(...weights: readonly [name: string, weight: number][]): string {
  return `rules: [{ backendRefs: [${weights.map(([name, weight]) => `{ name: ${name}, port: 3000, weight: ${weight} }`).join(', ')}] }]`;
}

/** A Service of UDP ports. */
function udpService({ name, port }: LineServer): string {
  return service(name, port).replace('targetPort: 3000', 'protocol: UDP').replace(`port: ${port}`, `port: ${port}\n    protocol: UDP`);
}

suite('connections and datagrams that are handed on', { timeout: 120_000 }, () => {
  const inside = selfSigned('inside.example.com');
  const outside = selfSigned('ended.example.com');
  let servers: LineServer[];
  let moongate: Moongate;
  let port: number;
  let tlsPort: number;

  before(async () => {
    servers = await Promise.all([
      startLineServer('one'), startLineServer('two'), startLineServer('secret', inside), startDatagramServer('udp-one'), startDatagramServer('udp-two'),
    ]);
    [port, tlsPort] = await Promise.all([freePort(), freePort()]);
    moongate = await Moongate.create({
      'gatewayclass.yaml': standard('gatewayclass'),
      'gateway.yaml': `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: web }
spec:
  gatewayClassName: ack-gateway
  listeners:
    - { name: tcp, protocol: TCP, port: ${port} }
    - { name: udp, protocol: UDP, port: ${port} }
    - { name: pass, protocol: TLS, port: ${tlsPort}, hostname: "*.example.com", tls: { mode: Passthrough } }
    - { name: end, protocol: TLS, port: ${tlsPort}, hostname: ended.example.com, tls: { mode: Terminate, certificateRefs: [{ name: ended }] } }
`,
      'secret.yaml': tlsSecret('ended', outside),
      'services.yaml': servers.map((server) => (server.name.startsWith('udp') ? udpService(server) : service(server.name, server.port))).join('---\n'),
      'tcp.yaml': route('TCPRoute', 'tcp', `parentRefs: [{ name: web, sectionName: tcp }]\n${refs(['one', 1])}`),
      'udp.yaml': route('UDPRoute', 'udp', `parentRefs: [{ name: web }]\n${refs(['udp-one', 1])}`),
      'tls-pass.yaml': route('TLSRoute', 'pass', `parentRefs: [{ name: web, sectionName: pass }]\nhostnames: [inside.example.com]\n${refs(['secret', 1])}`),
      'tls-end.yaml': route('TLSRoute', 'end', `parentRefs: [{ name: web, sectionName: end }]\nhostnames: [ended.example.com]\n${refs(['one', 1])}`),
    });
    await moongate.start();
  });

  after(async () => {
    await moongate[Symbol.asyncDispose]();
    await Promise.all(servers.map((server) => server.close()));
  });

  test('a TCP connection reaches the backend of its TCPRoute', async () => assert.equal(await ask(port), 'one hello'));

  test('a datagram reaches the backend of its UDPRoute, on the same port number', async () => assert.equal(await udp(port), 'udp-one hello'));

  test('TLS goes through to the server that has the name', async () => {
    assert.equal(await tls(tlsPort, 'inside.example.com'), 'secret hello from inside.example.com');
  });

  test('TLS ends at a listener that terminates it, on the same port', async () => {
    assert.equal(await tls(tlsPort, 'ended.example.com'), 'one hello from ended.example.com');
  });

  test('a policy for the server has it spoken to with TLS from where TLS ends, and from a TCP listener; TLS that passes through stays as it is', async () => {
    moongate.write('policy.yaml', [caConfigMap('ca', inside.chain), tlsPolicy('secret', { hostname: 'inside.example.com', ca: 'ca' })].join('---\n'));
    moongate.write('tls-end.yaml', route('TLSRoute', 'end', `parentRefs: [{ name: web, sectionName: end }]\nhostnames: [ended.example.com]\n${refs(['secret', 1])}`));
    moongate.write('tcp.yaml', route('TCPRoute', 'tcp', `parentRefs: [{ name: web, sectionName: tcp }]\n${refs(['secret', 1])}`));
    await eventually('TLS anew, to the server', async () => (await tls(tlsPort, 'ended.example.com')) === 'secret hello from ended.example.com');
    await eventually('TLS begins here', async () => (await ask(port)) === 'secret hello');
    assert.equal(await tls(tlsPort, 'inside.example.com'), 'secret hello from inside.example.com');
    moongate.remove('policy.yaml');
    await eventually('no TLS begins here', async () => (await ask(port)) === 'closed');
    assert.equal(await tls(tlsPort, 'inside.example.com'), 'secret hello from inside.example.com');
    moongate.write('tcp.yaml', route('TCPRoute', 'tcp', `parentRefs: [{ name: web, sectionName: tcp }]\n${refs(['one', 1])}`));
    await eventually('the first backend again', async () => (await ask(port)) === 'one hello');
  });

  test('a server name without a route is closed, and so is what is no TLS', async () => {
    assert.equal(await tls(tlsPort, 'else.example.com'), 'closed');
    assert.equal(await tls(tlsPort, 'else.example.org'), 'closed');
    assert.equal(await ask(tlsPort), 'closed');
  });

  test('a TCPRoute changes for new connections, and an open one goes on', async () => {
    const socket = open(port);
    try {
      assert.equal(await say(socket, 'before'), 'one before');
      moongate.write('tcp.yaml', route('TCPRoute', 'tcp', `parentRefs: [{ name: web, sectionName: tcp }]\n${refs(['two', 1])}`));
      await eventually('new connections reach the other backend', async () => (await ask(port)) === 'two hello');
      assert.equal(await say(socket, 'after'), 'one after');
    } finally {
      socket.destroy();
    }
  });

  test('weights share connections, and those of a backend that does not exist are closed', async () => {
    moongate.write('tcp.yaml', route('TCPRoute', 'tcp', `parentRefs: [{ name: web, sectionName: tcp }]\n${refs(['one', 5], ['two', 3], ['missing', 2])}`));
    await eventually('some are closed', async () => (await ask(port)) === 'closed');
    const counts = new Map<string, number>();
    for (let i = 0; i < 1000; i++) {
      const found = await ask(port);
      counts.set(found, (counts.get(found) ?? 0) + 1);
    }
    for (const [name, share] of [['one hello', 500], ['two hello', 300], ['closed', 200]] as const) {
      assert.ok(Math.abs((counts.get(name) ?? 0) - share) <= 60, `${name}: ${counts.get(name)} of 1,000, wanted ${share}`);
    }
  });

  test('weights share the clients of a UDP port', async () => {
    moongate.write('udp.yaml', route('UDPRoute', 'udp', `parentRefs: [{ name: web }]\n${refs(['udp-one', 7], ['udp-two', 3])}`));
    await eventually('some reach the other backend', async () => (await udp(port)) === 'udp-two hello');
    let first = 0;
    for (let i = 0; i < 1000; i++) if ((await udp(port)) === 'udp-one hello') first++;
    assert.ok(Math.abs(first - 700) <= 60, `${first} of 1,000`);
  });

  test('without its route a listener takes nothing', async () => {
    moongate.remove('tcp.yaml');
    const attached = async () => (await moongate.statusOf('Gateway', 'web'))?.listeners?.find(({ name }) => name === 'tcp')?.attachedRoutes;
    await eventually('the listener says so', async () => (await attached()) === 0);
    // A share of the connections was closed before.
    await eventually('all connections are closed', async () => {
      const outcomes = await Promise.all(Array.from({ length: 20 }, () => ask(port)));
      return outcomes.every((outcome) => outcome === 'closed');
    });
  });
});
