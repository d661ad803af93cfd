import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { attach, type Attachment, type AttachingRoute } from './attachments.ts';
import { defaultGateways } from './default-gateways.ts';
import type { GatewayState, ListenerState } from '../gateways/state.ts';
import type { Inputs, Settings } from '../inputs.ts';
import { decoded, gatewayState, listenerState, readDirectly } from '../testing.ts';
import { Graph } from '../../reactive/graph.ts';
import type { ParentReference } from '../../api/types.ts';

const httpRoute = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute' };

function listener(name: string, rest: Partial<ListenerState> = {}): ListenerState {
  return listenerState(`infra/web/${name}`, { supportedKinds: [httpRoute], ...rest });
}

interface Case {
  readonly listeners?: readonly ListenerState[];
  readonly parentRef?: Partial<ParentReference>;
  readonly route?: Partial<AttachingRoute>;
  readonly ownsEverything?: boolean;
}

function attached({ listeners = [listener('http')], parentRef = {}, route = {}, ownsEverything = true }: Case): readonly Attachment[] {
  const graph = new Graph();
  const gateways = graph.source<GatewayState>('gateways');
  gateways.set('infra/web', gatewayState('infra/web', { listeners }));
  const resources = { Gateway: graph.source<unknown>('Gateway'), Namespace: graph.source<unknown>('Namespace') };
  resources.Gateway.set('infra/other', decoded('Gateway', { metadata: { name: 'other' }, spec: { gatewayClassName: 'other', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] } }));
  resources.Namespace.set('shop', decoded('Namespace', { metadata: { name: 'shop', labels: { team: 'web' } } }));
  const ref: ParentReference = { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: 'infra', name: 'web', ...parentRef };
  const attaching: AttachingRoute = { kind: 'HTTPRoute', namespace: 'shop', hostnames: ['*'], acceptedFault: undefined, parentRefs: [ref], useDefaultGateways: undefined, ...route };
  const settings: Settings = { controllerNames: [], ownsEverything, addresses: 'bound' };
  return attach(readDirectly, attaching, { inputs: { resources } as unknown as Inputs, settings, gateways, defaultGateways: defaultGateways(gateways) });
}

/** `listener: domain ← hostname` of the only parent. */
function places(options: Case): string[] {
  return attached(options).flatMap(({ placements }) =>
    placements.flatMap(({ listener: key, hosts }) => hosts.map(({ domain, hostname }) => `${key.split('/')[3]}: ${domain} ← ${hostname}`)),
  );
}

const two = [listener('http'), listener('alt', { port: 8080 })];

const placed: readonly [sentence: string, options: Case, expected: readonly string[]][] = [
  ['a parent without a section is all its listeners', { listeners: two }, ['http: * ← *', 'alt: * ← *']],
  ['a section name picks one', { listeners: two, parentRef: { sectionName: 'alt' } }, ['alt: * ← *']],
  ['a port picks those on it', { listeners: two, parentRef: { port: 8080 } }, ['alt: * ← *']],
  ['section and port pick what fits both', { listeners: two, parentRef: { sectionName: 'http', port: 80 } }, ['http: * ← *']],
  ['the listener\'s hostname stands for none', { listeners: [listener('http', { hostname: 'a.com' })] }, ['http: a.com ← *']],
  ['a narrow hostname fits a wide listener', { listeners: [listener('http', { hostname: '*.a.com' })], route: { hostnames: ['x.a.com', 'b.com'] } }, ['http: x.a.com ← x.a.com']],
  ['a wide hostname fits a narrow listener', { listeners: [listener('http', { hostname: 'x.a.com' })], route: { hostnames: ['*.a.com'] } }, ['http: x.a.com ← *.a.com']],
  [
    'of two hostnames that come to one host the more specific counts, whatever their order',
    { listeners: [listener('http', { hostname: 'x.a.com' })], route: { hostnames: ['*.com', 'x.a.com', '*.a.com'] } },
    ['http: x.a.com ← x.a.com'],
  ],
  ['only listeners that let the route in', { listeners: [listener('http', { namespaces: { from: 'Same' } }), listener('alt', { port: 8080 })] }, ['alt: * ← *']],
  ['a selector looks at the labels of the namespace', { listeners: [listener('http', { namespaces: { from: 'Selector', selector: { matchLabels: { team: 'web' } } } })] }, ['http: * ← *']],
  [
    'every namespace has its name for a label',
    { listeners: [listener('http', { namespaces: { from: 'Selector', selector: { matchLabels: { 'kubernetes.io/metadata.name': 'moon' } } } })], route: { namespace: 'moon' } },
    ['http: * ← *'],
  ],
  ['a listener that is not served has its routes all the same', { listeners: [listener('http', { serving: false })] }, ['http: * ← *']],
];

describe('places', () => {
  for (const [sentence, options, expected] of placed) {
    test(sentence, () => {
      assert.deepEqual(places(options), expected);
      assert.deepEqual(attached(options).map(({ fault, counts }) => [fault, counts]), [[undefined, true]]);
    });
  }
});

const refused: readonly [sentence: string, options: Case, reason: string, message: string][] = [
  ['a section that does not exist', { parentRef: { sectionName: 'x' } }, 'NoMatchingParent', 'Gateway infra/web has no listener with name "x"'],
  ['a port that no listener has', { parentRef: { port: 81 } }, 'NoMatchingParent', 'Gateway infra/web has no listener with port 81'],
  ['section and port of two listeners', { listeners: two, parentRef: { sectionName: 'http', port: 8080 } }, 'NoMatchingParent', 'Gateway infra/web has no listener with name "http" and port 8080'],
  ['a Gateway that does not exist', { parentRef: { name: 'x' } }, 'NoMatchingParent', 'Gateway infra/x does not exist'],
  ['a Gateway of somebody else', { parentRef: { name: 'other' } }, 'NoMatchingParent', 'Gateway infra/other has a GatewayClass that is not ours, or not accepted'],
  ['a parent that is no Gateway', { parentRef: { group: '', kind: 'Service' } }, 'NoMatchingParent', 'Service infra/web: only a Gateway or a ListenerSet can be a parent'],
  [
    'another namespace',
    { listeners: [listener('http', { namespaces: { from: 'Same' } })] },
    'NotAllowedByListeners',
    'No listener of Gateway infra/web allows HTTPRoutes of namespace shop ("http")',
  ],
  [
    'a selector without labels to look at',
    { listeners: [listener('http', { namespaces: { from: 'Selector' } })] },
    'NotAllowedByListeners',
    'No listener of Gateway infra/web allows HTTPRoutes of namespace shop ("http")',
  ],
  ['a kind that no listener carries', { listeners: [listener('http', { supportedKinds: [] })] }, 'NotAllowedByListeners', 'No listener of Gateway infra/web allows HTTPRoutes of namespace shop ("http")'],
  [
    'hostnames that fit no listener',
    { listeners: [listener('http', { hostname: '*.a.com' })], route: { hostnames: ['a.com', 'b.com'] } },
    'NoMatchingListenerHostname',
    'None of the hostnames a.com, b.com fits a listener of Gateway infra/web (*.a.com)',
  ],
];

describe('refusals', () => {
  for (const [sentence, options, reason, message] of refused) {
    test(`${sentence}: ${reason}`, () => {
      assert.deepEqual(attached(options).map(({ fault, counts, placements }) => ({ fault, counts, placements })), [{ fault: { reason, message }, counts: false, placements: [] }]);
    });
  }
});

describe('in a cluster', () => {
  for (const parentRef of [{ name: 'x' }, { name: 'other' }, { group: '', kind: 'Service' }]) {
    test(`a parent ${JSON.stringify(parentRef)} is not ours to judge`, () => assert.deepEqual(attached({ parentRef, ownsEverything: false }), []));
  }
});

test('a route of which nothing can be served has its place, and does not count', () => {
  const [only] = attached({ route: { acceptedFault: { reason: 'UnsupportedValue', message: 'nothing works' } } });
  assert.equal(only?.counts, false);
  assert.equal(only?.placements.length, 1);
});
