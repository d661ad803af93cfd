import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Condition } from '../../src/api/conditions.ts';
import type { KindName } from '../../src/api/kinds.ts';
import type { Resource } from '../../src/api/resource.ts';
import { applyChanges, type ControlPlane, type ResourceChange } from '../../src/app/control-plane.ts';
import { translateOffline } from '../../src/app/offline.ts';
import { decoded } from '../../src/translate/testing.ts';
import { selfSigned } from '../e2e/support/certificate.ts';

/** Every list of the API at its longest, as far as its length costs something: all of it is served, and a change costs what changed. */

const controllerName = 'example.com/controller';
const pair = selfSigned('example.com');

function numbered<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function changeOf(resource: Resource): ResourceChange {
  return { kind: resource.kind as KindName, key: resource.key, resource };
}

function planeOf(objects: readonly Resource[]): ControlPlane {
  const common = [
    decoded('GatewayClass', { metadata: { name: 'c' }, spec: { controllerName } }),
    decoded('Secret', { metadata: { name: 'pair' }, stringData: { 'tls.crt': pair.chain, 'tls.key': pair.privateKey } }),
    ...numbered(17, (i) => decoded('Service', { metadata: { name: `app${i}` }, spec: { ports: [{ port: 80 }] } })),
  ];
  return translateOffline([...common, ...objects].map(changeOf), { settings: { controllerNames: [controllerName], ownsEverything: false, addresses: 'bound' } });
}

/** The types of the xDS resources that are other ones after a change. */
function sentFor(plane: ControlPlane, change: ResourceChange): string[] {
  const found: string[] = [];
  const stop = plane.xds.subscribe((changes) => found.push(...[...changes.values()].map(({ before, after }) => (after ?? before)?.type ?? '')));
  applyChanges(plane.resources, [change]);
  plane.settle();
  stop();
  return found.sort();
}

interface AnyStatus {
  readonly conditions?: readonly Condition[];
  readonly listeners?: readonly { readonly attachedRoutes: number; readonly conditions: readonly Condition[] }[];
  readonly parents?: readonly { readonly conditions: readonly Condition[] }[];
  readonly attachedListenerSets?: number;
}

function statusOf(plane: ControlPlane, ref: string): AnyStatus {
  const found = plane.outputs.statuses.map((collection) => [...collection.values()].find((status) => status.ref === ref)).find(Boolean);
  assert.ok(found, `${ref} has no status`);
  return found.status;
}

/** The types of conditions that hold, or with `=False` do not, of all that the status of an object says, each once. */
function said(plane: ControlPlane, ref: string): string[] {
  const { conditions = [], listeners = [], parents = [] } = statusOf(plane, ref);
  const all = [...conditions, ...[...listeners, ...parents].flatMap((part) => part.conditions)];
  return [...new Set(all.map(({ type, status }) => (status === 'True' ? type : `${type}=${status}`)))].sort();
}

const fine = ['Accepted', 'Conflicted=False', 'Programmed', 'ResolvedRefs'];
/** The listeners of an object have one certificate. */
const overlapping = ['Accepted', 'Conflicted=False', 'OverlappingTLSConfig', 'Programmed', 'ResolvedRefs'];
const sets = 64;

interface Protocol {
  readonly listener: (set: number, index: number) => object;
  readonly route: KindName;
  /** What is sent anew when what a route says changes, when it goes, and when a listener goes. */
  readonly onChange: readonly string[];
  readonly onRouteGone: readonly string[];
  readonly onListenerGone: readonly string[];
}

const hostname = (set: number, index: number) => ({ hostname: `h${index}.s${set}.example.com` });
const protocols: Readonly<Record<string, Protocol>> = {
  HTTP: {
    listener: (set, index) => ({ protocol: 'HTTP', port: 80, ...hostname(set, index) }),
    route: 'HTTPRoute',
    onChange: ['CDS', 'CDS', 'EDS', 'EDS', 'RDS'],
    onRouteGone: ['CDS', 'EDS', 'RDS'],
    // All of the port share one chain, which does not change.
    onListenerGone: ['RDS'],
  },
  HTTPS: {
    listener: (set, index) => ({ protocol: 'HTTPS', port: 443, ...hostname(set, index), tls: { certificateRefs: [{ name: 'pair' }] } }),
    route: 'HTTPRoute',
    onChange: ['CDS', 'CDS', 'EDS', 'EDS', 'RDS'],
    onRouteGone: ['CDS', 'EDS', 'RDS'],
    onListenerGone: ['LDS', 'RDS'],
  },
  TLS: {
    listener: (set, index) => ({ protocol: 'TLS', port: 443, ...hostname(set, index), tls: { mode: 'Passthrough' } }),
    route: 'TLSRoute',
    onChange: ['CDS', 'CDS', 'ECDS', 'EDS', 'EDS'],
    onRouteGone: ['CDS', 'ECDS', 'EDS', 'LDS'],
    onListenerGone: ['LDS'],
  },
  TCP: {
    listener: (set, index) => ({ protocol: 'TCP', port: 1000 + set * 64 + index }),
    route: 'TCPRoute',
    onChange: ['CDS', 'CDS', 'ECDS', 'EDS', 'EDS'],
    onRouteGone: ['CDS', 'ECDS', 'EDS', 'LDS'],
    onListenerGone: ['LDS'],
  },
};

/** 64 listeners of a Gateway and 64 of each of 64 ListenerSets, and a route for a listener of each set. */
function crowd({ listener, route }: Protocol) {
  const listeners = (set: number, count: number) => numbered(count, (index) => ({ name: `l${index}`, ...listener(set, index) }));
  const set = (index: number, count: number) => decoded('ListenerSet', { metadata: { name: `s${index}` }, spec: { parentRef: { name: 'web' }, listeners: listeners(index, count) } });
  const routeOf = (index: number, backend: string) => {
    const parent = { kind: 'ListenerSet', name: `s${index}`, sectionName: 'l1' };
    const own = route === 'TLSRoute' ? { hostnames: ['*.example.com'] } : {};
    return decoded(route, { metadata: { name: `r${index}` }, spec: { parentRefs: [parent], ...own, rules: [{ backendRefs: [{ name: backend, port: 80 }] }] } });
  };
  const gateway = decoded('Gateway', { metadata: { name: 'web' }, spec: { gatewayClassName: 'c', allowedListeners: { namespaces: { from: 'Same' } }, listeners: listeners(0, 64) } });
  return { set, routeOf, objects: [gateway, ...numbered(sets, (i) => set(i + 1, 64)), ...numbered(sets, (i) => routeOf(i + 1, i === 0 ? 'app1' : 'app0'))] };
}

suite('64 listeners of a Gateway and 64 in each of 64 ListenerSets', { timeout: 60_000 }, () => {
  for (const [name, protocol] of Object.entries(protocols)) {
    test(`are all served: ${name}`, () => {
      const { objects, routeOf, set } = crowd(protocol);
      const plane = planeOf(objects);
      assert.equal(statusOf(plane, 'Gateway/default/web').attachedListenerSets, sets);
      for (const ref of ['Gateway/default/web', ...numbered(sets, (i) => `ListenerSet/default/s${i + 1}`)]) assert.deepEqual(said(plane, ref), name === 'HTTPS' ? overlapping : fine, ref);
      for (const i of [1, sets]) assert.deepEqual(statusOf(plane, `ListenerSet/default/s${i}`).listeners?.map(({ attachedRoutes }) => attachedRoutes), numbered(64, (l) => Number(l === 1)));
      assert.deepEqual(said(plane, `${protocol.route}/default/r${sets}`), ['Accepted', 'ResolvedRefs']);

      assert.deepEqual(sentFor(plane, changeOf(routeOf(1, 'app2'))), protocol.onChange, 'a route leads elsewhere');
      assert.deepEqual(sentFor(plane, { kind: protocol.route, key: 'default/r1', resource: undefined }), protocol.onRouteGone, 'a route goes');
      assert.deepEqual(sentFor(plane, changeOf(set(sets, 63))), protocol.onListenerGone, 'a listener goes');
    });
  }
});

const web = decoded('Gateway', {
  metadata: { name: 'web' },
  spec: {
    gatewayClassName: 'c',
    listeners: [
      { name: 'http', port: 80, protocol: 'HTTP' },
      ...numbered(31, (i) => ({ name: `http${i}`, port: 8000 + i, protocol: 'HTTP' })),
      { name: 'tls', port: 443, protocol: 'TLS', tls: { mode: 'Passthrough' } },
      { name: 'https', port: 444, protocol: 'HTTPS', hostname: '*.example.com', tls: { certificateRefs: numbered(64, (i) => ({ name: i === 63 ? 'pair' : `missing${i}` })) } },
    ],
  },
});

const everywhere = [{ name: 'web', sectionName: 'http' }, ...numbered(31, (i) => ({ name: 'web', sectionName: `http${i}` }))];
const everybody = numbered(16, (i) => ({ name: `app${i}`, port: 80, weight: i + 1 }));

/** As many matches as a route may have, each with as much as it may ask for. */
function matches(count: number, make: (index: number) => object): object[] {
  return numbered(count, (i) => ({ ...make(i), headers: numbered(16, (h) => ({ name: `x-${h}`, value: `${i}` })) }));
}

suite('objects with all that they may have', { timeout: 60_000 }, () => {
  test('an HTTPRoute: 32 parents, 16 hostnames, 128 matches of 16 headers and 16 query parameters, 16 backends', () => {
    const all = matches(64, (i) => ({ path: { type: 'PathPrefix', value: `/p${i}` }, queryParams: numbered(16, (q) => ({ name: `q${q}`, value: `${i}` })) }));
    const route = decoded('HTTPRoute', {
      metadata: { name: 'r' },
      spec: { parentRefs: everywhere, hostnames: numbered(16, (i) => `h${i}.example.com`), rules: numbered(2, () => ({ matches: all, backendRefs: everybody })) },
    });
    const plane = planeOf([web, route]);
    assert.deepEqual(said(plane, 'HTTPRoute/default/r'), ['Accepted', 'ResolvedRefs']);
    assert.deepEqual([...plane.outputs.virtualHosts.values()].filter(({ domain }) => domain === 'h15.example.com').map(({ routes }) => routes.length), numbered(32, () => 128));
  });

  test('a GRPCRoute: 128 matches, and one more is refused with the words of the API server', () => {
    const spec = (rules: readonly object[]) => ({ metadata: { name: 'r' }, spec: { parentRefs: [{ name: 'web' }], rules } });
    const all = matches(64, (i) => ({ method: { service: `pkg.Service${i}`, method: 'Get' } }));
    const plane = planeOf([web, decoded('GRPCRoute', spec(numbered(2, () => ({ matches: all, backendRefs: everybody }))))]);
    assert.deepEqual(said(plane, 'GRPCRoute/default/r'), ['Accepted', 'ResolvedRefs']);
    assert.throws(() => decoded('GRPCRoute', spec([{ matches: all }, { matches: all }, { matches: all.slice(0, 1) }])), /total number of matches across all rules in a route must be less than 128/);
  });

  test('1,000 GRPCRoutes on one host, of which one changes', () => {
    const route = (i: number, backend: string) =>
      decoded('GRPCRoute', {
        metadata: { name: `r${i}` },
        spec: { parentRefs: [{ name: 'web', sectionName: 'http' }], hostnames: ['grpc.example.com'], rules: [{ matches: [{ method: { service: `pkg.Service${i}` } }], backendRefs: [{ name: backend, port: 80 }] }] },
      });
    const plane = planeOf([web, ...numbered(1000, (i) => route(i, 'app0'))]);
    assert.equal(statusOf(plane, 'Gateway/default/web').listeners?.[0]?.attachedRoutes, 1000);
    assert.equal(plane.outputs.virtualHosts.get('default/web/80|grpc.example.com')?.routes.length, 1000);
    assert.deepEqual(sentFor(plane, changeOf(route(500, 'app1'))), ['CDS', 'EDS', 'RDS']);
  });

  test('a TLSRoute: 1,024 hostnames, 16 backends', () => {
    const route = decoded('TLSRoute', {
      metadata: { name: 'r' },
      spec: { parentRefs: [{ name: 'web', sectionName: 'tls' }], hostnames: numbered(1024, (i) => `h${i}.example.com`), rules: [{ backendRefs: everybody }] },
    });
    const plane = planeOf([web, route]);
    assert.deepEqual(said(plane, 'TLSRoute/default/r'), ['Accepted', 'ResolvedRefs']);
    // And one for all other names, which closes them.
    assert.equal(plane.outputs.listeners.get('default/web/443')?.chains.length, 1025);
    assert.equal([...plane.outputs.streamRoutes.values()].filter(({ backends }) => backends.length === 16).length, 1024);
  });

  test('a listener with 64 certificates of which one is there', () => {
    const plane = planeOf([web]);
    assert.deepEqual(plane.outputs.listeners.get('default/web/444')?.chains.map(({ tls }) => tls), [{ certificates: ['Secret/default/pair'], alpn: ['h2', 'http/1.1'], clientValidation: undefined }]);
  });

  test('policies with 16 targets, and grants for 16 kinds in 16 namespaces', () => {
    const targetRefs = numbered(16, (i) => ({ group: '', kind: 'Service', name: `app${i}` }));
    const grant = decoded('ReferenceGrant', {
      metadata: { name: 'g', namespace: 'other' },
      spec: {
        from: numbered(16, (i) => ({ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: i === 15 ? 'default' : `n${i}` })),
        to: numbered(16, (i) => ({ group: '', kind: 'Service', name: i === 15 ? 'far' : `s${i}` })),
      },
    });
    const plane = planeOf([
      web,
      decoded('BackendTLSPolicy', { metadata: { name: 'p' }, spec: { targetRefs, validation: { hostname: 'example.com', wellKnownCACertificates: 'System' } } }),
      decoded('XBackendTrafficPolicy', { metadata: { name: 'p' }, spec: { targetRefs, retryConstraint: {} } }),
      decoded('Service', { metadata: { name: 'far', namespace: 'other' }, spec: { ports: [{ port: 80 }] } }),
      grant,
      decoded('HTTPRoute', { metadata: { name: 'r' }, spec: { parentRefs: [{ name: 'web' }], rules: [{ backendRefs: everybody }, { backendRefs: [{ name: 'far', namespace: 'other', port: 80 }] }] } }),
    ]);
    assert.deepEqual(said(plane, 'HTTPRoute/default/r'), ['Accepted', 'ResolvedRefs']);
    assert.equal([...plane.outputs.backends.values()].filter(({ tls, retryBudget }) => tls !== undefined && retryBudget !== undefined).length, 16);
  });
});
