import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { explain } from '../../src/admin/explain.ts';
import type { Explanation } from '../../src/admin/explain/explanation.ts';
import { parseQuestion } from '../../src/admin/explain/request.ts';
import { standaloneWorld } from '../../src/app/explain.ts';
import { freePort, until } from './envoy.ts';
import { selfSigned } from './support/certificate.ts';
import { ask, outcomeOfTls } from './support/client.ts';
import { callGrpc, startGrpcBackend, type GrpcBackend } from './support/grpc.ts';
import { ask as askLine, askDatagram, startDatagramServer, startLineServer, type LineServer } from './support/line-server.ts';
import { secretOf, served, startObjectsGateway, type GivenObject, type ObjectsGateway } from './support/objects-gateway.ts';

/** What `explain` says of gRPC, TLS, TCP, UDP and ListenerSets, held against what a real Envoy does. */

let gateway: ObjectsGateway;
let grpc: GrpcBackend;
let lines: readonly LineServer[];
const ports = { http: 0, https: 0, tls: 0, tcp: 0, udp: 0, idle: 0, idleUdp: 0 };

function explained(method: string | undefined, url: string): Explanation {
  return explain(parseQuestion(method, url, []), standaloneWorld(gateway.core));
}

const to = (name: string) => ({ backendRefs: [{ name, port: 80 }] });
const at = (sectionName: string) => ({ parentRefs: [{ name: 'gw', sectionName }] });
const set = { parentRefs: [{ kind: 'ListenerSet', name: 'more' }] };

function objects(): GivenObject[] {
  const [tcp, udp, tls] = lines;
  const tlsOf = (name: string) => ({ tls: { certificateRefs: [{ name }] } });
  const listeners = [
    { name: 'http', protocol: 'HTTP', port: ports.http },
    { name: 'strict', protocol: 'HTTPS', port: ports.https, hostname: 'strict.test', ...tlsOf('strict.test') },
    { name: 'lost', protocol: 'HTTPS', port: ports.https, hostname: 'lost.test', ...tlsOf('missing') },
    { name: 'passed', protocol: 'TLS', port: ports.tls, hostname: '*.passed.test', tls: { mode: 'Passthrough' } },
    { name: 'ended', protocol: 'TLS', port: ports.tls, hostname: 'ended.test', ...tlsOf('ended.test') },
    { name: 'tcp', protocol: 'TCP', port: ports.tcp },
    { name: 'idle', protocol: 'TCP', port: ports.idle },
    { name: 'udp', protocol: 'UDP', port: ports.udp },
    { name: 'idle-udp', protocol: 'UDP', port: ports.idleUdp },
  ];
  const validation = { caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }] };
  const nobody = { requests: [{ type: 'ExternalAuth', externalAuth: { protocol: 'HTTP', http: {}, backendRef: { name: 'missing', port: 80 } } }] };
  return [
    ['Gateway', { metadata: { name: 'gw' }, spec: { gatewayClassName: 'c', allowedListeners: { namespaces: { from: 'Same' } }, listeners, tls: { frontend: { default: {}, perPort: [{ port: ports.https, tls: { validation } }] } } } }],
    [
      'ListenerSet',
      {
        metadata: { name: 'more' },
        spec: { parentRef: { name: 'gw' }, listeners: [{ name: 'one', protocol: 'HTTP', port: ports.http, hostname: 'set.test' }, { name: 'guarded', protocol: 'HTTP', port: ports.http, hostname: 'guarded.test', filters: nobody }] },
      },
    ],
    ...['strict.test', 'ended.test'].map((name) => secretOf(name, selfSigned(name))),
    ['ConfigMap', { metadata: { name: 'ca' }, data: { 'ca.crt': selfSigned('ca').chain } }],
    ...served('calls', grpc.port),
    ...served('lines', tcp?.port ?? 0),
    ...served('secure-lines', tls?.port ?? 0),
    ...served('datagrams', udp?.port ?? 0, { protocol: 'UDP' }),
    ['GRPCRoute', { metadata: { name: 'calls' }, spec: { ...at('http'), hostnames: ['grpc.test'], rules: [{ matches: [{ method: { service: 'pkg.S', method: 'Get' } }], ...to('calls') }, { matches: [{ method: { service: 'pkg.Lost' } }], ...to('missing') }] } }],
    ['HTTPRoute', { metadata: { name: 'pages' }, spec: { ...at('http'), hostnames: ['grpc.test'], rules: [{ filters: [{ type: 'RequestRedirect', requestRedirect: { hostname: 'to.test' } }] }] } }],
    ['HTTPRoute', { metadata: { name: 'set' }, spec: { ...set, rules: [{ filters: [{ type: 'RequestRedirect', requestRedirect: { hostname: 'of-the-set.test' } }] }] } }],
    ['TLSRoute', { metadata: { name: 'passed' }, spec: { ...at('passed'), hostnames: ['a.passed.test'], rules: [to('secure-lines')] } }],
    ['TCPRoute', { metadata: { name: 'ended' }, spec: { ...at('ended'), rules: [to('lines')] } }],
    ['TCPRoute', { metadata: { name: 'lines' }, spec: { ...at('tcp'), rules: [to('lines')] } }],
    ['TCPRoute', { metadata: { name: 'z-later' }, spec: { ...at('tcp'), rules: [to('missing')] } }],
    ['TCPRoute', { metadata: { name: 'stranger' }, spec: { ...at('http'), rules: [to('lines')] } }],
    ['UDPRoute', { metadata: { name: 'datagrams' }, spec: { ...at('udp'), rules: [to('datagrams')] } }],
  ];
}

suite('explain', { timeout: 120_000 }, () => {
  before(async () => {
    for (const name of Object.keys(ports) as (keyof typeof ports)[]) ports[name] = await freePort();
    grpc = await startGrpcBackend('calls');
    lines = await Promise.all([startLineServer('tcp'), startDatagramServer('udp'), startLineServer('tls', selfSigned('server'))]);
    gateway = await startObjectsGateway(...objects());
    await until('Envoy serves HTTP', async () => (await ask(ports.http, { host: 'set.test' })).status === 302);
    await until('Envoy serves TCP', async () => (await askLine(ports.tcp)) === 'tcp hello');
  });

  after(async () => {
    await gateway.close();
    await Promise.all([grpc, ...lines].map((server) => server.close()));
  });

  test('knows which calls a GRPCRoute answers, and what a call gets that none does', async () => {
    for (const [path, status, route] of [['/pkg.S/Get', 0, 'GRPCRoute/default/calls'], ['/pkg.Lost/Get', 14, 'GRPCRoute/default/calls'], ['/other.S/Get', 2, 'HTTPRoute/default/pages']] as const) {
      const { answer, route: found, summary } = explained(undefined, `grpc://grpc.test:${ports.http}${path}`);
      const reply = await callGrpc(ports.http, { host: 'grpc.test', path });
      assert.equal(reply.status, status, summary);
      assert.equal(found?.owner, route);
      assert.equal(answer.type === 'local' ? answer.headers.find(({ name }) => name === 'grpc-status')?.value : '0', String(status), summary);
    }
    const { summary, others } = explained('POST', `http://grpc.test:${ports.http}/pkg.S/Get`);
    assert.equal((await ask(ports.http, { method: 'POST', host: 'grpc.test', path: '/pkg.S/Get' })).status, 302);
    assert.match(summary, /^HTTPRoute default\/pages, rule 0 answers 302/);
    assert.deepEqual(others.map(({ why }) => why)[0], 'the request is not gRPC: it has no content-type, not application/grpc');
  });

  test('knows listeners of ListenerSets, and filters that have nobody to ask', async () => {
    const { listener, summary } = explained('GET', `http://set.test:${ports.http}/`);
    assert.deepEqual([listener?.owner, listener?.name], ['ListenerSet/default/more', 'one']);
    assert.match(summary, /redirect to http:\/\/of-the-set\.test/);
    assert.match(explained('GET', `http://guarded.test:${ports.http}/`).summary, /^500: filter ListenerSet\/default\/more\/guarded\/0 of the listener has nobody to ask/);
    assert.equal((await ask(ports.http, { host: 'guarded.test' })).status, 500);
  });

  test('knows who takes connections', async () => {
    const table: readonly [url: string, serverName: string | undefined, answer: string, says: RegExp][] = [
      [`tcp://127.0.0.1:${ports.tcp}`, undefined, 'tcp hello', /^TCPRoute default\/lines hands the connection on to service\/default\/lines\/80/],
      [`tcp://127.0.0.1:${ports.idle}`, undefined, 'closed', /^No answer: no route takes it: the connection is closed/],
      [`tls://a.passed.test:${ports.tls}`, 'a.passed.test', 'tls hello', /^TLSRoute default\/passed hands the connection on to service\/default\/secure-lines\/80/],
      [`tls://b.passed.test:${ports.tls}`, 'b.passed.test', 'closed', /^No answer: no route takes server name \*\.passed\.test: the connection is closed/],
      [`tls://ended.test:${ports.tls}`, 'ended.test', 'tcp hello', /^TCPRoute default\/ended hands the connection on to service\/default\/lines\/80/],
      [`tls://stranger.test:${ports.tls}`, 'stranger.test', 'closed', /^No answer: TLS fails: no listener of port \d+ has a hostname for stranger\.test/],
      [`tcp://ended.test:${ports.tls}`, undefined, 'closed', /^No answer: port \d+ speaks TLS: tls is needed/],
    ];
    for (const [url, serverName, answer, says] of table) {
      const { summary } = explained(undefined, url);
      assert.match(summary, says);
      const port = Number(new URL(url.replace(/^\w+/, 'http')).port);
      assert.equal(await askLine(port, serverName), answer, summary);
    }
  });

  test('knows who takes datagrams', async () => {
    assert.match(explained(undefined, `udp://127.0.0.1:${ports.udp}`).summary, /^UDPRoute default\/datagrams hands datagrams on to service\/default\/datagrams\/80\/udp/);
    await until('datagrams are answered', async () => (await askDatagram(ports.udp)) === 'udp hello');
    assert.match(explained(undefined, `udp://127.0.0.1:${ports.idleUdp}`).summary, /^No answer: no route takes it: datagrams are dropped/);
    assert.equal(await askDatagram(ports.idleUdp), undefined);
    assert.match(explained(undefined, `udp://127.0.0.1:${ports.tcp}`).summary, /^No answer: no Gateway listens on port \d+ of 127\.0\.0\.1 for UDP/);
  });

  test('knows that clients have to show certificates, and why a listener is not served', async () => {
    const strict = explained('GET', `https://strict.test:${ports.https}/`);
    assert.equal(strict.steps.at(-1), 'the client has to show a certificate of a CA of ca/ConfigMap/default/ca, or TLS fails');
    assert.equal(await outcomeOfTls(ports.https, { serverName: 'strict.test', host: 'strict.test' }), 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED');
    assert.match(explained('GET', `https://lost.test:${ports.https}/`).summary, /^No answer: TLS fails: listener "lost" of Gateway default\/gw, which lost\.test belongs to, is not served \(Secret default\/missing does not exist/);
  });

  test('tells of routes that want the same, of those that are refused, and how far Envoy is', () => {
    const { others, delivery } = explained(undefined, `tcp://127.0.0.1:${ports.tcp}`);
    assert.deepEqual(others.map(({ name, fits }) => `${name} ${fits}`), ['TCPRoute/default/z-later true', 'TCPRoute/default/stranger false']);
    assert.deepEqual(delivery.map(({ type, state }) => `${type} ${state}`), ['LDS acked', 'ECDS acked', 'CDS acked', 'EDS acked']);
  });
});
