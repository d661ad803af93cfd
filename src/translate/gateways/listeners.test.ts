import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { listenerState, type ListenerContext } from './listeners.ts';
import { settle } from './settle.ts';
import type { ListenerState } from './state.ts';
import type { PortBinding } from '../inputs.ts';
import { decoded, gatewayState, readDirectly } from '../testing.ts';

interface Surroundings {
  readonly tls?: object;
  readonly binding?: PortBinding;
  /** Names of the certificates, by Secret; a string says what is wrong with one. */
  readonly secrets?: Readonly<Record<string, readonly string[] | string>>;
}

const noCa = { reason: 'InvalidCACertificateRef', message: 'ConfigMap default/missing does not exist' };

function states(listeners: readonly object[], { tls, binding, secrets = {} }: Surroundings = {}): readonly ListenerState[] {
  const gateway = decoded('Gateway', {
    metadata: { name: 'web' },
    spec: { gatewayClassName: 'c', listeners, ...(tls !== undefined && { tls }) },
  });
  const context: ListenerContext = {
    read: readDirectly,
    owner: { ref: 'Gateway/default/web', namespace: 'default', version: 'v' },
    gateway: { ref: 'Gateway/default/web', namespace: 'default', proxy: 'default/web', merged: false, tls: gateway.object.spec.tls },
    grants: { permits: (_read, from, to) => from.namespace === to.namespace || to.namespace === 'granted' },
    cas: { resolve: (_read, _from, refs) => (refs.some(({ name }) => name === 'ca') ? { trust: 'ca/ConfigMap/default/ca', faults: [] } : { trust: undefined, faults: [noCa] }) },
    secret: (key) => {
      const found = secrets[key];
      if (found === undefined) return undefined;
      return typeof found === 'string' ? { problem: found, names: [] } : { problem: undefined, names: found };
    },
    missing: () => 'does not exist',
    resolve: ({ name }) => (name === 'auth' ? { backend: 'service/default/auth/8080' } : { fault: { reason: 'BackendNotFound', message: `Service default/${name} does not exist` } }),
    binding: () => binding,
  };
  const state = gatewayState('default/web', { listeners: gateway.object.spec.listeners.map((listener) => listenerState(listener, context)) });
  return settle([state]).get('default/web') ?? [];
}

const http = { name: 'http', port: 80, protocol: 'HTTP' };
const refs = (...certificateRefs: readonly object[]) => ({ tls: { certificateRefs } });
const https = { name: 'https', port: 443, protocol: 'HTTPS', ...refs({ name: 'web' }) };
const secrets = { 'default/web': ['a.com'], 'granted/web': ['b.com'], 'closed/web': ['c.com'], 'default/broken': 'is broken' };

const judged: readonly [sentence: string, given: Parameters<typeof states>, expected: Partial<ListenerState>][] = [
  ['HTTP is served from the table of its port', [[http]], { serving: true, hostname: '*', table: 'default/web/80' }],
  ['HTTPS is served from a table of its own', [[https], { secrets }], { serving: true, table: 'default/web/443/https', certificates: ['Secret/default/web'] }],
  ['a protocol that is not supported carries no routes', [[{ ...http, protocol: 'SCTP' }]], { serving: false, supportedKinds: [], acceptedFault: { reason: 'UnsupportedProtocol', message: 'protocol: SCTP is not supported' } }],
  ['a port that is taken is not served', [[http], { binding: { error: 'taken' } }], { serving: false, portFault: { reason: 'PortUnavailable', message: 'taken' } }],
  ['a port that nobody has bound yet is served', [[http]], { serving: true, portFault: undefined }],
  ['a Secret that is missing', [[https]], { serving: false, refsFault: { reason: 'InvalidCertificateRef', message: 'Secret default/web does not exist' } }],
  ['a Secret that is no good', [[{ ...https, ...refs({ name: 'broken' }) }], { secrets }], { serving: false, refsFault: { reason: 'InvalidCertificateRef', message: 'Secret default/broken is broken' } }],
  [
    'one Secret of two is enough to be served',
    [[{ ...https, ...refs({ name: 'missing' }, { name: 'web' }) }], { secrets }],
    { serving: true, certificates: ['Secret/default/web'], refsFault: { reason: 'InvalidCertificateRef', message: 'Secret default/missing does not exist' } },
  ],
  ['a Secret that is named twice is one certificate', [[{ ...https, ...refs({ name: 'web' }, { name: 'web' }) }], { secrets }], { certificates: ['Secret/default/web'] }],
  [
    'a Secret of another namespace without a grant',
    [[{ ...https, ...refs({ name: 'web', namespace: 'closed' }) }], { secrets }],
    { serving: false, refsFault: { reason: 'RefNotPermitted', message: 'Secret closed/web: no ReferenceGrant in namespace closed lets Gateways of default use it' } },
  ],
  ['a Secret of another namespace that is granted', [[{ ...https, ...refs({ name: 'web', namespace: 'granted' }) }], { secrets }], { serving: true, certificates: ['Secret/granted/web'], refsFault: undefined }],
  [
    'kinds that the listener cannot carry are left out',
    [[{ ...http, allowedRoutes: { kinds: [{ kind: 'HTTPRoute' }, { kind: 'TCPRoute' }, { group: 'example.com', kind: 'HTTPRoute' }] } }]],
    {
      serving: true,
      supportedKinds: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute' }],
      refsFault: {
        reason: 'InvalidRouteKinds',
        message: 'allowedRoutes.kinds: HTTP listeners carry no TCPRoute of gateway.networking.k8s.io; allowedRoutes.kinds: HTTP listeners carry no HTTPRoute of example.com',
      },
    },
  ],
];

describe('a listener', () => {
  for (const [sentence, given, expected] of judged) {
    test(sentence, () => {
      const [state] = states(...given);
      assert.partialDeepStrictEqual(state, expected);
    });
  }
});

const validation = (name: string) => ({ validation: { caCertificateRefs: [{ group: '', kind: 'ConfigMap', name }] } });
const trust = { trustBundle: 'ca/ConfigMap/default/ca', required: true };

const clients: readonly [sentence: string, tls: object, expected: Partial<ListenerState>][] = [
  ['for all ports: HTTPS checks them', { frontend: { default: validation('ca') } }, { serving: true, clientValidation: trust }],
  ['for this port: HTTPS checks them', { frontend: { default: {}, perPort: [{ port: 443, tls: validation('ca') }] } }, { serving: true, clientValidation: trust }],
  ['for another port: HTTPS does not', { frontend: { default: {}, perPort: [{ port: 8443, tls: validation('ca') }] } }, { serving: true, clientValidation: undefined }],
  [
    'without a CA: HTTPS is not served',
    { frontend: { default: validation('missing') } },
    {
      serving: false,
      acceptedFault: undefined,
      guardFault: { reason: 'NoValidCACertificate', message: 'tls.frontend.default.validation: no valid CA certificate is left to check clients against, so none is let in' },
      refsFault: { reason: 'InvalidCACertificateRef', message: 'tls.frontend.default.validation: ConfigMap default/missing does not exist' },
    },
  ],
];

describe('certificates of clients are asked for', () => {
  for (const [sentence, tls, expected] of clients) {
    test(`${sentence}, and HTTP is served`, () => {
      const [first, second] = states([https, http], { tls, secrets });
      assert.partialDeepStrictEqual(first, expected);
      assert.partialDeepStrictEqual(second, { serving: true, clientValidation: undefined, guardFault: undefined, refsFault: undefined });
    });
  }
});

test('a listener that is not supported is in nobody\'s way', () => {
  const found = states([http, { ...http, name: 'sctp', protocol: 'SCTP' }]);
  assert.deepEqual(found.map(({ serving, conflict }) => [serving, conflict]), [[true, undefined], [false, undefined]]);
});

const pairs: readonly [sentence: string, a: object, b: object, reason: string | undefined][] = [
  ['hosts apart, certificates apart', { hostname: 'a.com', ...refs({ name: 'web' }) }, { hostname: 'b.com', ...refs({ name: 'web', namespace: 'granted' }) }, undefined],
  ['a wildcard that covers the other host', { hostname: '*.com', ...refs({ name: 'web' }) }, { hostname: 'b.com', ...refs({ name: 'web', namespace: 'granted' }) }, 'OverlappingHostnames'],
  ['no hostname covers all', { ...refs({ name: 'web' }) }, { hostname: 'b.com', ...refs({ name: 'web', namespace: 'granted' }) }, 'OverlappingHostnames'],
  ['one certificate for both', { hostname: 'a.com' }, { hostname: 'b.com' }, 'OverlappingCertificates'],
  ['both: the certificates are said', { hostname: '*.com' }, { hostname: 'b.com' }, 'OverlappingCertificates'],
  ['two ports', { hostname: '*.com' }, { hostname: 'b.com', port: 8443 }, undefined],
];

describe('overlapping TLS', () => {
  for (const [sentence, a, b, reason] of pairs) {
    test(sentence, () => {
      const found = states([{ ...https, name: 'a', ...a }, { ...https, name: 'b', ...b }], { secrets });
      assert.deepEqual(found.map(({ overlap }) => overlap?.reason), [reason, reason]);
    });
  }
});
