import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { kindNamed, type KindName } from '../../src/api/kinds.ts';
import { applyChanges, controlPlane, type ControlPlane } from '../../src/app/control-plane.ts';
import { decoded } from '../../src/translate/testing.ts';
import { selfSigned } from '../e2e/support/certificate.ts';

/**
 * Every place where an object names another one that it cannot do without, and what the conditions say of it when that one does not exist, is of a
 * kind that is of no use there, or is in a namespace that has not granted it. Whatever is wrong, the routes beside it are served.
 */

const controllerName = 'example.com/controller';
const pair = selfSigned('references.test');
const gatewayApi = 'gateway.networking.k8s.io';

interface Ref {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly port?: number;
}

type Wrong = 'nothing' | 'wrong kind' | 'no grant';

interface Place {
  readonly kind: KindName;
  /** Where in the object. */
  readonly field: string;
  /** What would be right. */
  readonly right: Ref;
  readonly spec: (ref: Ref) => object;
  /** What the conditions have as a reason; where the API lets nobody name another namespace, there is none. */
  readonly reasons: Readonly<Partial<Record<Wrong, string>>>;
}

const app: Ref = { group: '', kind: 'Service', name: 'app', port: 80 };
const names: Ref = { ...app, port: 53 };
const secret: Ref = { group: '', kind: 'Secret', name: 'pair' };
const configMap: Ref = { group: '', kind: 'ConfigMap', name: 'ca' };
const target = { group: '', kind: 'Service', name: 'app' };

const ofBackends = { nothing: 'BackendNotFound', 'wrong kind': 'InvalidKind', 'no grant': 'RefNotPermitted' };
const ofCertificates = { nothing: 'InvalidCertificateRef', 'wrong kind': 'InvalidCertificateRef', 'no grant': 'RefNotPermitted' };

const parent = (sectionName: string) => ({ parentRefs: [{ name: 'web', sectionName }] });
const rules = (ref: Ref) => [{ backendRefs: [ref] }];
const filtered = (type: string, field: string, filter: object) => [{ filters: [{ type, [field]: filter }], backendRefs: [app] }];
const https = (ref: Ref) => ({ name: 'own', port: 8443, protocol: 'HTTPS', hostname: 'own.example.com', tls: { certificateRefs: [ref] } });
const validation = (ref: Ref) => ({ hostname: 'app.example.com', caCertificateRefs: [ref] });
const client = (ref: Ref) => ({ mode: 'ClientAndServer', validation: validation(configMap), clientCertificateRef: ref });

const places: readonly Place[] = [
  { kind: 'HTTPRoute', field: 'backendRefs', right: app, spec: (ref) => ({ ...parent('http'), rules: rules(ref) }), reasons: ofBackends },
  { kind: 'HTTPRoute', field: 'the mirror', right: app, spec: (ref) => ({ ...parent('http'), rules: filtered('RequestMirror', 'requestMirror', { backendRef: ref }) }), reasons: ofBackends },
  {
    kind: 'HTTPRoute',
    field: 'the external authorization',
    right: app,
    spec: (ref) => ({ ...parent('http'), rules: filtered('ExternalAuth', 'externalAuth', { protocol: 'HTTP', backendRef: ref, http: {} }) }),
    reasons: ofBackends,
  },
  { kind: 'GRPCRoute', field: 'backendRefs', right: app, spec: (ref) => ({ ...parent('http'), rules: rules(ref) }), reasons: ofBackends },
  { kind: 'GRPCRoute', field: 'the mirror', right: app, spec: (ref) => ({ ...parent('http'), rules: filtered('RequestMirror', 'requestMirror', { backendRef: ref }) }), reasons: ofBackends },
  { kind: 'TLSRoute', field: 'backendRefs', right: app, spec: (ref) => ({ ...parent('tls'), hostnames: ['tls.example.com'], rules: rules(ref) }), reasons: ofBackends },
  { kind: 'TCPRoute', field: 'backendRefs', right: app, spec: (ref) => ({ ...parent('tcp'), rules: rules(ref) }), reasons: ofBackends },
  { kind: 'UDPRoute', field: 'backendRefs', right: names, spec: (ref) => ({ ...parent('udp'), rules: rules(ref) }), reasons: ofBackends },
  { kind: 'Gateway', field: 'the certificate of a listener', right: secret, spec: (ref) => ({ gatewayClassName: 'c', listeners: [https(ref)] }), reasons: ofCertificates },
  { kind: 'ListenerSet', field: 'the certificate of a listener', right: secret, spec: (ref) => ({ parentRef: { name: 'web' }, listeners: [https(ref)] }), reasons: ofCertificates },
  {
    kind: 'Gateway',
    field: 'the CA of clients',
    right: configMap,
    spec: (ref) => ({ gatewayClassName: 'c', listeners: [https(secret)], tls: { frontend: { default: { validation: { caCertificateRefs: [ref] } } } } }),
    reasons: { nothing: 'InvalidCACertificateRef', 'wrong kind': 'InvalidCACertificateKind', 'no grant': 'RefNotPermitted' },
  },
  {
    kind: 'Gateway',
    field: 'the certificate for backends',
    right: secret,
    spec: (ref) => ({ gatewayClassName: 'c', listeners: [https(secret)], tls: { backend: { clientCertificateRef: ref } } }),
    reasons: { nothing: 'InvalidClientCertificateRef', 'wrong kind': 'InvalidClientCertificateRef', 'no grant': 'RefNotPermitted' },
  },
  {
    kind: 'BackendTLSPolicy',
    field: 'the CA',
    right: configMap,
    spec: ({ group, kind, name }) => ({ targetRefs: [target], validation: validation({ group, kind, name }) }),
    reasons: { nothing: 'InvalidCACertificateRef', 'wrong kind': 'InvalidKind' },
  },
  {
    kind: 'XBackend',
    field: 'the certificate to show',
    right: secret,
    spec: (ref) => ({ type: 'ExternalHostname', externalHostname: { hostname: 'api.example.com' }, port: { number: 443 }, tls: client(ref) }),
    reasons: { nothing: 'InvalidClientCertificateRef', 'wrong kind': 'InvalidClientCertificateRef', 'no grant': 'RefNotPermitted' },
  },
  {
    kind: 'XTelemetryPolicy',
    field: 'the collector',
    right: app,
    spec: (ref) => ({ targetRefs: [{ group: gatewayApi, kind: 'Gateway', name: 'web' }], tracing: { mode: 'Enabled', provider: { backendRef: ref } } }),
    reasons: ofBackends,
  },
];

interface Made {
  readonly kind: KindName;
  readonly object: Readonly<Record<string, unknown>>;
}

function make(kind: KindName, name: string, rest: object, namespace = 'default'): Made {
  return { kind, object: { metadata: { name, namespace }, ...rest } };
}

/** What may be named, in a namespace. */
function targets(namespace: string): readonly Made[] {
  const ports = [{ name: 'http', port: 80 }, { name: 'dns', port: 53, protocol: 'UDP' }];
  return [
    make('Service', 'app', { spec: { ports } }, namespace),
    make('Secret', 'pair', { type: 'kubernetes.io/tls', stringData: { 'tls.crt': pair.chain, 'tls.key': pair.privateKey } }, namespace),
    make('ConfigMap', 'ca', { data: { 'ca.crt': pair.chain } }, namespace),
  ];
}

const world: readonly Made[] = [
  { kind: 'GatewayClass', object: { metadata: { name: 'c' }, spec: { controllerName } } },
  ...targets('default'),
  ...targets('elsewhere'),
  make('Gateway', 'web', {
    spec: {
      gatewayClassName: 'c',
      allowedListeners: { namespaces: { from: 'Same' } },
      listeners: [
        { name: 'http', port: 80, protocol: 'HTTP' },
        { name: 'tcp', port: 5000, protocol: 'TCP' },
        { name: 'tls', port: 5001, protocol: 'TLS', tls: { mode: 'Passthrough' } },
        { name: 'udp', port: 53, protocol: 'UDP' },
      ],
    },
  }),
  // An XBackend says what is wrong to those who use it.
  make('HTTPRoute', 'user', { spec: { ...parent('http'), hostnames: ['user.example.com'], rules: rules({ group: 'gateway.networking.x-k8s.io', kind: 'XBackend', name: 'a' }) } }),
  make('HTTPRoute', 'beside', { spec: { ...parent('http'), hostnames: ['beside.example.com'], rules: rules(app) } }),
];

function planeOf(objects: readonly Made[]): ControlPlane {
  const plane = controlPlane({ settings: { controllerNames: [controllerName], ownsEverything: true, addresses: 'bound' } });
  applyChanges(
    plane.resources,
    objects.map(({ kind, object }) => {
      const resource = decoded(kind, object);
      return { kind, key: resource.key, resource };
    }),
  );
  plane.settle();
  for (const [key, { port }] of plane.outputs.wantedPorts.entries()) plane.portBindings.set(key, { boundPort: port, clientPort: port });
  plane.settle();
  return plane;
}

/** The reasons of all conditions of an object, wherever they stand in its status. */
function reasonsOf(plane: ControlPlane, kind: KindName, key: string): readonly string[] {
  const statuses = plane.outputs.statuses.flatMap((collection) => [...collection.values()]).filter((one) => one.kind === kind && one.key === key);
  return [...JSON.stringify(statuses).matchAll(/"reason":"(\w+)"/g)].map(([, reason = '']) => reason);
}

function isServedBeside({ outputs }: ControlPlane): boolean {
  const [first] = outputs.virtualHosts.get('default/web/80|beside.example.com')?.routes ?? [];
  return first?.rule.owner === 'HTTPRoute/default/beside' && first.rule.action.type === 'forward' && first.rule.action.backends[0]?.backend === 'service/default/app/80';
}

suite('references', () => {
  for (const { kind, field, right, spec, reasons } of places) {
    const known = new Set(Object.values(reasons));
    const told = (ref: Ref, more: readonly Made[] = []): readonly string[] => {
      const plane = planeOf([...world, make(kind, 'a', { spec: spec(ref) }), ...more]);
      assert.ok(isServedBeside(plane), 'the route beside it is served');
      return reasonsOf(plane, kind, 'default/a').filter((reason) => known.has(reason));
    };
    const grant = make('ReferenceGrant', 'g', { spec: { from: [{ group: kindNamed(kind).group, kind, namespace: 'default' }], to: [{ group: right.group, kind: right.kind }] } }, 'elsewhere');

    test(`${kind}: ${field}`, () => {
      assert.deepEqual(told(right), [], 'nothing is wrong');
      const wrong: Record<Wrong, Ref> = {
        nothing: { ...right, name: 'missing' },
        'wrong kind': { ...right, group: 'example.com', kind: 'Lake' },
        'no grant': { ...right, namespace: 'elsewhere' },
      };
      for (const [what, reason] of Object.entries(reasons)) {
        const got = told(wrong[what as Wrong]);
        assert.ok(got.length > 0, `${what}: nothing is told`);
        assert.deepEqual([...new Set(got)], [reason], what);
      }
      if (reasons['no grant'] !== undefined) assert.deepEqual(told(wrong['no grant'], [grant]), [], 'with a grant');
    });
  }
});
