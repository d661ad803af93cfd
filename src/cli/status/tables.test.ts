import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ObjectReport, StatusReport } from '../../admin/report.ts';
import type { Condition, ConditionStatus } from '../../api/conditions.ts';
import { sections } from './tables.ts';

function condition(type: string, status: ConditionStatus, reason: string = type, message = ''): Condition {
  return { type, status, reason, message, observedGeneration: 1 };
}

function object(kind: string, name: string, more: Partial<ObjectReport> = {}): ObjectReport {
  return { apiVersion: 'gateway.networking.k8s.io/v1', kind, metadata: { name, namespace: 'default', generation: 1 }, spec: {}, origin: { file: 'a.yaml', line: 3 }, ...more };
}

function report(more: Partial<StatusReport>): StatusReport {
  const instance = { version: '1', pid: 1, startedAt: '', paths: [], stateDir: '', envoy: undefined, admin: 'off' };
  return { instance, ready: true, notReady: [], objects: [], ports: [], proxies: [], problems: [], ignoredKinds: [], ...more };
}

/** The lines of each table, with its title. */
function tables(more: Partial<StatusReport>, wide = false): Record<string, string[]> {
  return Object.fromEntries(sections(report(more), { wide }).map(({ title, text }) => [title, text.trimEnd().split('\n')]));
}

const accepted = condition('Accepted', 'True');
const resolved = condition('ResolvedRefs', 'True');

describe('status tables', () => {
  test('a GatewayClass shows its controller, and one that nobody looks after is Unknown', () => {
    const of = (name: string, more: Partial<ObjectReport>) => object('GatewayClass', name, { metadata: { name, generation: 1 }, spec: { controllerName: 'example.com/x' }, ...more });
    assert.deepEqual(tables({ objects: [of('ours', { status: { conditions: [accepted] } }), of('theirs', {})] }), {
      GATEWAYCLASS: ['NAME     CONTROLLER      ACCEPTED', 'ours     example.com/x   True', 'theirs   example.com/x   Unknown'],
    });
  });

  test('a Gateway shows its addresses, and its listeners where they are bound and why not', () => {
    const listeners = [
      { name: 'http', protocol: 'HTTP', port: 80 },
      { name: 'https', protocol: 'HTTPS', port: 443, hostname: 'a.test' },
    ];
    const status = {
      addresses: [{ type: 'IPAddress', value: '0.0.0.0' }],
      conditions: [accepted, condition('Programmed', 'True')],
      listeners: [
        { name: 'http', attachedRoutes: 2, conditions: [accepted, condition('Programmed', 'True')] },
        { name: 'https', attachedRoutes: 0, conditions: [accepted, condition('ResolvedRefs', 'False', 'InvalidCertificateRef', 'no Secret')] },
      ],
    };
    const gateway = object('Gateway', 'web', { spec: { gatewayClassName: 'ours', listeners }, status });
    const ports = [{ proxy: 'default/web', port: 80, address: '0.0.0.0', bound: 8080 }, { proxy: 'default/web', port: 443, address: '0.0.0.0', error: 'taken' }];
    assert.deepEqual(tables({ objects: [gateway], ports }, true), {
      GATEWAY: [
        'NAMESPACE   NAME   CLASS   ADDRESS   PROGRAMMED   FILE       MESSAGE',
        'default     web    ours    0.0.0.0   True         a.yaml:3   listener "https": no Secret',
      ],
      LISTENER: [
        'GATEWAY       NAME    PROTOCOL   PORT   BOUND    HOSTNAME   ROUTES   STATUS                  MESSAGE',
        'default/web   http    HTTP       80     8080     *          2        Programmed              <none>',
        'default/web   https   HTTPS      443    <none>   a.test     0        InvalidCertificateRef   no Secret',
      ],
    });
  });

  test('a route shows what its parents agree about, or how many say True', () => {
    const spec = { hostnames: ['a.test', 'b.test', 'c.test', 'd.test'], parentRefs: [{ name: 'web', sectionName: 'http' }, { name: 'web', namespace: 'infra' }] };
    const parents = [
      { parentRef: { name: 'web', sectionName: 'http' }, conditions: [accepted, resolved] },
      { parentRef: { name: 'web', namespace: 'infra' }, conditions: [condition('Accepted', 'False', 'NotAllowedByListeners', 'not allowed'), resolved] },
    ];
    const routes = [object('HTTPRoute', 'one', { spec, status: { parents } }), object('HTTPRoute', 'two')];
    assert.deepEqual(tables({ objects: routes }), {
      HTTPROUTE: [
        'NAMESPACE   NAME   HOSTNAMES                          PARENTS                      ACCEPTED   RESOLVEDREFS',
        'default     one    a.test,b.test,c.test + 1 more...   default/web:http,infra/web   1 of 2     True',
        'default     two    *                                  <none>                       Unknown    Unknown',
      ],
    });
  });

  test('an XBackend shows its servers, and what its Gateways agree about', () => {
    const ancestors = [{ ancestorRef: { name: 'web' }, conditions: [accepted, condition('ResolvedRefs', 'False', 'InvalidCACertificateRef', 'no CA')] }];
    const backends = [
      object('XBackend', 'host', { spec: { externalHostname: { hostname: 'a.test' }, port: { number: 443 } }, status: { ancestors } }),
      object('XBackend', 'pods', { spec: { endpointSelector: { matchLabels: { app: 'a', tier: 'b' } }, port: {} } }),
    ];
    assert.deepEqual(tables({ objects: backends }), {
      XBACKEND: [
        'NAMESPACE   NAME   SERVERS        PORT     ACCEPTED   RESOLVEDREFS',
        'default     host   a.test         443      True       False',
        'default     pods   app=a,tier=b   <none>   Unknown    Unknown',
      ],
    });
  });

  test('a proxy shows its process and how much of its configuration Envoy has acknowledged', () => {
    const proxies = [
      { id: 'default/web', state: 'running', pid: 7, restarts: 2, connected: 1, resources: { total: 5, acked: 4, pending: 0, nacked: 1 } },
      { id: 'default/x', state: 'backoff', message: 'exited with 1', restarts: 0, connected: 0, resources: { total: 0, acked: 0, pending: 0, nacked: 0 } },
    ] as const;
    assert.deepEqual(tables({ proxies }, true), {
      PROXY: [
        'NAME          STATE     PID      RESTARTS   ACKED   REFUSED   MESSAGE',
        'default/web   running   7        2          4/5     1         <none>',
        'default/x     backoff   <none>   0          0/0     0         exited with 1',
      ],
    });
  });

  test('problems are as validate prints them', () => {
    const problems = [{ file: 'a.yaml', line: 3, kind: 'HTTPRoute', key: 'default/web', severity: 'error', field: 'spec', message: 'Required value' }] as const;
    assert.deepEqual(tables({ problems }), { PROBLEM: ['a.yaml:3: HTTPRoute default/web: spec: Required value (error)'] });
  });
});
