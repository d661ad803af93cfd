import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ObjectReport, StatusReport } from '../../admin/report.ts';
import type { Condition } from '../../api/conditions.ts';
import { summary } from './summary.ts';

const yes = (type: string): Condition => ({ type, status: 'True', reason: type, message: '', observedGeneration: 1 });

function gateway(listeners: readonly object[]): ObjectReport {
  const names = (listeners as readonly { name: string }[]).map(({ name }) => ({ name, attachedRoutes: 1, conditions: [yes('Accepted'), yes('Programmed')] }));
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'web', namespace: 'default', generation: 1 },
    spec: { gatewayClassName: 'x', listeners },
    status: { conditions: [yes('Accepted'), yes('Programmed')], listeners: names },
    origin: { file: 'a.yaml', line: 1 },
  };
}

function httpRoute(spec: object): ObjectReport {
  const parents = [{ parentRef: { name: 'web' }, conditions: [yes('Accepted'), yes('ResolvedRefs')] }];
  return { ...gateway([]), kind: 'HTTPRoute', metadata: { name: 'r', namespace: 'default', generation: 1 }, spec: { parentRefs: [{ name: 'web' }], ...spec }, status: { parents } };
}

function report(more: Partial<StatusReport>): StatusReport {
  const instance = { version: '0.1.0', pid: 1, startedAt: '', paths: [], stateDir: '/state', envoy: { path: '/envoy', version: '1.40.0' }, admin: '127.0.0.1:19000' };
  return { instance, ready: true, notReady: [], objects: [], ports: [], proxies: [], problems: [], ignoredKinds: [], ...more };
}

const listeners = [{ name: 'http', protocol: 'HTTP', port: 80 }, { name: 'https', protocol: 'HTTPS', port: 8443, hostname: '*.a.test' }];
const ports = [{ proxy: 'default/web', port: 80, transport: 'TCP' as const, address: '0.0.0.0', bound: 8080 }, { proxy: 'default/web', port: 8443, transport: 'TCP' as const, address: '0.0.0.0', bound: 8443 }];

describe('the summary of a start', () => {
  test('says what listens where, what to try, and where to see more', () => {
    const route = httpRoute({ hostnames: ['www.a.test'], rules: [{ matches: [{ path: { type: 'PathPrefix', value: '/get' } }] }] });
    assert.equal(
      summary(report({ objects: [gateway(listeners), route], ports })),
      `Moongate 0.1.0 with Envoy 1.40.0; logs and state: /state

Gateway default/web: Accepted, Programmed
  http: HTTP on 0.0.0.0:8080 (in place of 80, which this user may not bind), 1 route
  https: HTTPS on 0.0.0.0:8443 for *.a.test, 1 route

Routes:
  HTTPRoute default/r on web: Accepted, ResolvedRefs

Try:
  curl -H 'Host: www.a.test' http://127.0.0.1:8080/get
  curl -k --resolve www.a.test:8443:127.0.0.1 https://www.a.test:8443/get

See more:
  moongate status
  moongate explain GET http://www.a.test:8080/get
  http://127.0.0.1:19000/  (readyz, metrics, JSON)
`,
    );
  });

  test('quotes what a shell would take apart, and leaves out matches that do not say what to send', () => {
    const match = { path: { type: 'Exact', value: "/it's" }, method: 'POST', headers: [{ name: 'x', value: 'a b' }], queryParams: [{ name: 'q', value: '1' }] };
    const odd = httpRoute({ rules: [{ matches: [match] }] });
    const regex = httpRoute({ rules: [{ matches: [{ path: { type: 'RegularExpression', value: '/.*' } }] }] });
    const [http] = listeners;
    const lines = summary(report({ objects: [gateway(http === undefined ? [] : [http]), odd, regex], ports })).split('\n');
    assert.deepEqual(lines.filter((line) => line.includes('curl')), [`  curl -X POST -H 'x: a b' -H 'Host: example.com' 'http://127.0.0.1:8080/it'\\''s?q=1'`]);
  });

  test('knows what to try of each kind of route, and listeners of ListenerSets', () => {
    const streams = [{ name: 'tls', protocol: 'TLS', port: 5001, hostname: 'db.test' }, { name: 'tcp', protocol: 'TCP', port: 5000 }, { name: 'udp', protocol: 'UDP', port: 5000 }];
    const own = gateway([...listeners, ...streams]);
    const set: ObjectReport = { ...gateway([{ name: 'more', protocol: 'HTTP', port: 80, hostname: 'set.test' }]), kind: 'ListenerSet', metadata: { name: 's', namespace: 'default', generation: 1 } };
    const named: ObjectReport = { ...set, spec: { ...(set.spec as object), parentRef: { name: 'web' } } };
    const of = (kind: string, parent: object, rest: object = {}): ObjectReport => {
      const parents = [{ parentRef: { name: 'web', ...parent }, conditions: [yes('Accepted')] }];
      return { ...httpRoute(rest), kind, status: { parents } };
    };
    const routes = [
      of('GRPCRoute', { sectionName: 'http' }, { hostnames: ['api.test'], rules: [{ matches: [{ method: { service: 'pkg.S', method: 'Get' } }] }] }),
      of('GRPCRoute', { sectionName: 'http' }, { rules: [{ matches: [{ method: { service: 'pkg.S' } }] }] }),
      of('TCPRoute', { sectionName: 'tls' }),
      of('TCPRoute', { sectionName: 'tcp' }),
      of('UDPRoute', { sectionName: 'udp' }),
    ];
    const bound = [...ports, ...(['TCP', 'UDP'] as const).map((transport) => ({ proxy: 'default/web', port: 5000, transport, address: '0.0.0.0', bound: transport === 'TCP' ? 5000 : 5353 })), { proxy: 'default/web', port: 5001, transport: 'TCP' as const, address: '0.0.0.0', bound: 5001 }];
    const tries = (objects: readonly ObjectReport[]) => {
      const text = summary(report({ objects: [own, named, ...objects], ports: bound }));
      return text.slice(text.indexOf('Try:\n')).split('\n').slice(1).filter((line) => line.startsWith('  ')).map((line) => line.trim());
    };
    assert.deepEqual(tries(routes).slice(0, 4), [
      'grpcurl -plaintext -authority api.test 127.0.0.1:8080 pkg.S/Get',
      'openssl s_client -connect 127.0.0.1:5001 -servername db.test',
      'nc 127.0.0.1 5000',
      'nc -u 127.0.0.1 5353',
    ]);
    assert.ok(tries(routes).includes('moongate explain grpc://api.test:8080/pkg.S/Get'));
    assert.equal(tries([of('HTTPRoute', { kind: 'ListenerSet', name: 's' })])[0], "curl -H 'Host: set.test' http://127.0.0.1:8080/");
    assert.match(summary(report({ objects: [own, named], ports: bound })), /^ {2}more of ListenerSet default\/s: HTTP on 0\.0\.0\.0:8080 .* for set\.test, 1 route$/m);
  });

  test('says what is not served and why', () => {
    const [http] = ports;
    const text = summary(report({
      objects: [gateway(listeners)],
      ports: http === undefined ? [] : [{ ...http, bound: 80 }, { proxy: 'default/web', port: 8443, transport: 'TCP' as const, address: '0.0.0.0', error: 'port 8443 is taken by "nginx" (pid 7)' }],
      notReady: ['Envoy of default/web is not connected'],
      problems: [{ file: 'a.yaml', line: 2, kind: '', key: '', severity: 'error', field: '', message: 'broken' }],
    }));
    assert.match(text, /^ {2}http: HTTP on 0\.0\.0\.0:80, 1 route$/m);
    assert.match(text, /^ {2}https: HTTPS port 8443 for \*\.a\.test is not served: port 8443 is taken by "nginx" \(pid 7\)$/m);
    assert.match(text, /^Not served yet:\n {2}Envoy of default\/web is not connected$/m);
    assert.match(text, /^Problems:\n {2}a\.yaml:2: broken \(error\)$/m);
  });

  test('a Gateway that is the business of another controller has no listeners to tell of', () => {
    const { status: _, ...foreign } = gateway(listeners);
    const { status: __, ...foreignClass } = { ...gateway([]), kind: 'GatewayClass', metadata: { name: 'x', generation: 1 } };
    assert.match(summary(report({ objects: [foreignClass, foreign], ports: [] })), /^Gateway default\/web: not served here, GatewayClass "x" is of another controller$/m);
    const refused = { ...foreignClass, status: { conditions: [yes('Accepted')] } };
    const text = summary(report({ objects: [refused, foreign], ports: [] }));
    assert.match(text, /^Gateway default\/web: not served, GatewayClass "x" is not accepted$/m);
    assert.doesNotMatch(text, /Unknown/);
  });

  test('names the admin address where it is not the usual one, and nothing where there is none', () => {
    const at = (admin: string) => summary(report({ instance: { ...report({}).instance, admin } }));
    assert.match(at('127.0.0.1:19001'), /moongate status --admin 127\.0\.0\.1:19001/);
    assert.doesNotMatch(at('off'), /See more/);
    assert.match(at('off'), /There is no Gateway in the files/);
  });
});
