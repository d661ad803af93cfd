import assert from 'node:assert/strict';
import { getHeapSnapshot, setFlagsFromString } from 'node:v8';
import { suite, test } from 'node:test';
import { runInNewContext } from 'node:vm';
import type { KindName } from '../../src/api/kinds.ts';
import type { Resource } from '../../src/api/resource.ts';
import { applyChanges, controlPlane, type ControlPlane } from '../../src/app/control-plane.ts';
import { SERVICE } from '../../src/app/served-kinds.ts';
import { feedStore } from '../../src/app/xds-feed.ts';
import type { Collection } from '../../src/reactive/collection.ts';
import { decoded } from '../../src/translate/testing.ts';
import { ProxyMemory } from '../../src/xds/server/memory.ts';
import { ResourceStore } from '../../src/xds/server/resources.ts';
import { Session } from '../../src/xds/server/session.ts';
import { PUSH_ORDER, TYPE_URL, WILDCARD_TYPES, type XdsType } from '../../src/xds/server/types.ts';
import type { DeltaRequest, Response } from '../../src/xds/server/wire.ts';
import { selfSigned } from '../e2e/support/certificate.ts';

/** Objects of every kind come and go a thousand times under other names, at one control plane and one Envoy: nothing of them stays. */

const rounds = 1_000;
/** Rounds until caches of bounded size and compiled code have what they will have. */
const warmUp = 300;
/** Bytes of a round that may be noise: what has a name is looked for by name. */
const tolerance = 1_000;

const controllerName = 'example.com/controller';
const pair = selfSigned('leaks.test');
const proxy = 'stay/web';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heapUsed(): number {
  for (let i = 0; i < 3; i++) collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** The numbers of the rounds whose names are in the heap: nothing that is held is left out. */
async function remembered(): Promise<number[]> {
  const found = new Set<number>();
  let rest = '';
  for await (const chunk of getHeapSnapshot().setEncoding('latin1')) {
    const text = rest + String(chunk);
    for (const [, round] of text.matchAll(/ns-of-round-(\d+)[^\d]/g)) found.add(Number(round));
    rest = text.slice(-100);
  }
  return [...found].sort((a, b) => a - b);
}

/** Where each round has a name of its own. */
const placeholder = 'ns-of-round-x';

/** Objects of a namespace; of each kind that is served there is one. */
function template(): Resource[] {
  const namespace = placeholder;
  const meta = (name: string, more: object = {}) => ({ metadata: { name, namespace, ...more } });
  const target = (name: string) => ({ group: '', kind: 'Service', name });
  const tls = { certificateRefs: [{ name: 'pair' }] };
  const parentRefs = (sectionName: string) => [{ name: 'web', sectionName }, { name: 'web', namespace: 'stay', sectionName }];
  const rules = [{ backendRefs: [{ name: 'app', port: 80 }] }];
  const listeners = [
    { name: 'http', port: 80, protocol: 'HTTP' },
    { name: 'https', port: 443, protocol: 'HTTPS', tls },
    { name: 'tcp', port: 5000, protocol: 'TCP' },
    { name: 'tls', port: 5001, protocol: 'TLS', tls: { mode: 'Passthrough' } },
    { name: 'udp', port: 53, protocol: 'UDP' },
  ];
  const slice = (name: string, protocol = 'TCP') => ({ ...meta(name, { labels: { 'kubernetes.io/service-name': 'app' } }), addressType: 'IPv4', ports: [{ name: protocol.toLowerCase(), port: 8080, protocol }], endpoints: [{ addresses: ['10.0.0.1'], nodeName: namespace }] });
  const given: [KindName, object][] = [
    ['Namespace', { metadata: { name: namespace } }],
    ['Node', { metadata: { name: namespace, labels: { 'topology.kubernetes.io/zone': namespace } } }],
    ['GatewayClass', { metadata: { name: namespace }, spec: { controllerName, parametersRef: { group: 'gateway.envoyproxy.io', kind: 'EnvoyProxy', name: 'own', namespace } } }],
    ['EnvoyProxy', { ...meta('own'), spec: { backendTLS: { minVersion: '1.2' } } }],
    ['Gateway', { ...meta('web'), spec: { gatewayClassName: namespace, allowedListeners: { namespaces: { from: 'Same' } }, listeners } }],
    ['ListenerSet', { ...meta('more'), spec: { parentRef: { name: 'web' }, listeners: [{ name: 'extra', port: 81, protocol: 'HTTP' }] } }],
    ['XListenerSet', { ...meta('more'), spec: { parentRef: { name: 'web' }, listeners: [{ name: 'moved', port: 82, protocol: 'HTTP' }] } }],
    ['XListenerSet', { ...meta('older'), spec: { parentRef: { name: 'web' }, listeners: [{ name: 'older', port: 83, protocol: 'HTTP' }] } }],
    ['Secret', { ...meta('pair'), stringData: { 'tls.crt': pair.chain, 'tls.key': pair.privateKey } }],
    ['ConfigMap', { ...meta('ca'), data: { 'ca.crt': pair.chain } }],
    ['ClusterTrustBundle', { metadata: { name: namespace }, spec: { trustBundle: pair.chain } }],
    ['Service', { ...meta('app'), spec: { trafficDistribution: 'PreferClose', ports: [{ name: 'tcp', port: 80 }, { name: 'udp', port: 53, protocol: 'UDP' }] } }],
    ['EndpointSlice', slice('app')],
    ['EndpointSlice', slice('datagrams', 'UDP')],
    ['ServiceImport', { ...meta('imported'), spec: { type: 'ClusterSetIP', ports: [{ port: 80 }] } }],
    ['Backend', { ...meta('named'), spec: { endpoints: [{ fqdn: { hostname: `${namespace}.example.com`, port: 80 } }] } }],
    ['XBackend', { ...meta('outside'), spec: { type: 'ExternalHostname', externalHostname: { hostname: `x.${namespace}.example.com` }, port: { number: 80 } } }],
    ['BackendTLSPolicy', { ...meta('p'), spec: { targetRefs: [target('app')], validation: { hostname: 'leaks.test', caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }] } } }],
    ['InferencePool', { ...meta('pool'), spec: { selector: { matchLabels: { pool: namespace } }, targetPorts: [{ number: 8000 }], endpointPickerRef: { name: 'app', port: { number: 80 } } } }],
    ['XInferencePool', { ...meta('pool'), spec: { selector: { pool: namespace }, targetPortNumber: 8001, extensionRef: { name: 'app', portNumber: 80 } } }],
    ['XInferencePool', { ...meta('former'), spec: { selector: { pool: namespace }, targetPortNumber: 8000, extensionRef: { name: 'app', portNumber: 80 } } }],
    ['DeployedInferencePool', { ...meta('deployed'), spec: { deployment: { template: { spec: { containers: [{ name: 'server' }] } } } } }],
    ['InferencePoolImport', meta('pool')],
    ['InferenceObjective', { ...meta('o'), spec: { poolRef: { name: 'pool' }, priority: 1 } }],
    ['XInferenceObjective', { ...meta('o'), spec: { poolRef: { name: 'pool' } } }],
    ['InferenceModelRewrite', { ...meta('w'), spec: { poolRef: { name: 'pool' }, rules: [] } }],
    ['XInferenceModelRewrite', { ...meta('v'), spec: { poolRef: { name: 'former' }, rules: [] } }],
    ['InferenceModel', { ...meta('m'), spec: { poolRef: { name: 'pool' }, modelName: 'm' } }],
    ['RoutedInferenceModel', { ...meta('m'), spec: { poolRef: { name: 'pool' } } }],
    ['XBackendTrafficPolicy', { ...meta('p'), spec: { targetRefs: [target('app')], retryConstraint: {} } }],
    ['XTelemetryPolicy', { ...meta('traced'), spec: { targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' }], tracing: { mode: 'Enabled', provider: { backendRef: { name: 'app', port: 80 } } } } }],
    ['ReferenceGrant', { ...meta('g'), spec: { from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'stay' }], to: [{ group: '', kind: 'Service' }] } }],
    ['HTTPRoute', { ...meta('r'), spec: { parentRefs: parentRefs('http'), hostnames: [`${namespace}.example.com`, '*.example.com'], rules: [{ backendRefs: [{ name: 'app', port: 80 }, { group: 'gateway.envoyproxy.io', kind: 'Backend', name: 'named' }, { name: 'missing', port: 80 }] }, { backendRefs: [{ group: 'inference.networking.x-k8s.io', kind: 'InferencePool', name: 'former' }, { group: 'inference.networking.x-k8s.io', kind: 'InferencePoolImport', name: 'pool' }] }] } }],
    ['GRPCRoute', { ...meta('r'), spec: { parentRefs: parentRefs('https'), rules } }],
    ['TLSRoute', { ...meta('r'), spec: { parentRefs: parentRefs('tls'), hostnames: [`${namespace}.example.com`], rules } }],
    ['TCPRoute', { ...meta('r'), spec: { parentRefs: parentRefs('tcp'), rules } }],
    ['UDPRoute', { ...meta('r'), spec: { parentRefs: parentRefs('udp'), rules: [{ backendRefs: [{ name: 'app', port: 53 }] }] } }],
  ];
  return given.map(([kind, object]) => decoded(kind, { ...object }));
}

const objects = JSON.stringify(template());

/** The objects of a round, as if they had been decoded: decoding remembers what was valid, up to a limit. */
function objectsOf(round: number): Resource[] {
  return JSON.parse(objects.replaceAll(placeholder, `ns-of-round-${round}`)) as Resource[];
}

/** What stays all the time: a Gateway that routes of every namespace attach to. */
function staying(): Resource[] {
  const allowedRoutes = { namespaces: { from: 'All' } };
  const listeners = [
    { name: 'http', port: 80, protocol: 'HTTP', allowedRoutes },
    { name: 'https', port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'pair' }] }, allowedRoutes },
    { name: 'tcp', port: 5000, protocol: 'TCP', allowedRoutes },
    { name: 'tls', port: 5001, protocol: 'TLS', tls: { mode: 'Passthrough' }, allowedRoutes },
    { name: 'udp', port: 53, protocol: 'UDP', allowedRoutes },
  ];
  return [
    decoded('GatewayClass', { metadata: { name: 'stays' }, spec: { controllerName } }),
    decoded('Secret', { metadata: { name: 'pair', namespace: 'stay' }, stringData: { 'tls.crt': pair.chain, 'tls.key': pair.privateKey } }),
    decoded('Gateway', { metadata: { name: 'web', namespace: 'stay' }, spec: { gatewayClassName: 'stays', listeners } }),
  ];
}

/** An Envoy that asks for all that there is by name, takes what it gets, and every other time refuses what came first. */
class FakeEnvoy {
  readonly #session: Session;
  readonly #store: ResourceStore;
  readonly #asked = new Map<XdsType, Set<string>>();
  /** A steady clock, milliseconds. */
  #now = 0;
  refusals = 0;
  received = 0;

  constructor(store: ResourceStore) {
    this.#store = store;
    const memory = new ProxyMemory(store, proxy, () => {});
    this.#session = new Session({ proxy, zone: '', nodeName: '', places: () => [], nodeId: 'envoy', store, memory, onNack() {}, onOverdue() {} } as ConstructorParameters<typeof Session>[0]);
    store.subscribe(proxy, (changes) => this.#answer(this.#session.changed(changes, this.#now)));
    for (const type of PUSH_ORDER) if (WILDCARD_TYPES.has(type)) this.#send(type, { subscribe: ['*'] });
  }

  /** Asks for what is new, forgets what is gone, and lets time pass until nothing lingers. */
  keepUp(): void {
    for (const type of PUSH_ORDER.filter((one) => !WILDCARD_TYPES.has(one))) {
      const asked = this.#asked.get(type) ?? new Set<string>();
      const there = new Set(this.#store.names(proxy, type));
      const subscribe = [...there].filter((name) => !asked.has(name));
      const unsubscribe = [...asked].filter((name) => !there.has(name));
      this.#asked.set(type, there);
      if (subscribe.length + unsubscribe.length > 0) this.#send(type, { subscribe, unsubscribe });
    }
    for (let second = 0; second < 40; second++) this.#answer(this.#session.tick((this.#now += 1_000)));
  }

  #send(type: XdsType, request: Partial<DeltaRequest>): void {
    const blank: DeltaRequest = { node: undefined, typeUrl: TYPE_URL[type], subscribe: [], unsubscribe: [], initialVersions: new Map(), nonce: '', error: undefined };
    this.#answer(this.#session.receive({ ...blank, ...request }, this.#now));
  }

  #answer(responses: readonly Response[]): void {
    for (const { type, nonce, resources } of responses) {
      this.received += resources.length;
      const refuses = type === 'RDS' && resources.length > 0 && this.received % 2 === 0;
      if (refuses) this.refusals++;
      this.#send(type, { nonce, error: refuses ? 'refused' : undefined });
    }
  }
}

/** How many items there are of all that a control plane gives. */
function sizes({ outputs, resources, xds }: ControlPlane): Record<string, number> {
  const all = [...Object.entries(resources), ...Object.entries({ ...outputs, xds })].flatMap(([name, one]) =>
    (Array.isArray(one) ? one : [one]).map((collection: Collection<unknown>, i) => [`${name}/${i}`, collection.size] as const),
  );
  return Object.fromEntries(all);
}

suite('objects that come and go', { timeout: 180_000 }, () => {
  test('have objects of every kind that is served', () => {
    const kinds = new Set(template().map(({ kind }) => kind));
    assert.deepEqual(Object.entries(SERVICE).filter(([kind, service]) => service === 'served' && !kinds.has(kind)), []);
  });

  test('leave nothing behind', async (t) => {
    const plane = controlPlane({ settings: { controllerNames: [controllerName], ownsEverything: true, addresses: 'bound' } });
    const store = new ResourceStore();
    plane.xds.subscribe((changes) => feedStore(store, changes));
    const bind = (): void => {
      plane.settle();
      for (const [key, { port }] of plane.outputs.wantedPorts.entries()) plane.portBindings.set(key, { boundPort: port, clientPort: port });
      for (const key of [...plane.portBindings.entries()].map(([port]) => port)) if (plane.outputs.wantedPorts.get(key) === undefined) plane.portBindings.delete(key);
      plane.settle();
      store.commit();
    };
    const put = (objects: readonly Resource[], gone = false): void => {
      applyChanges(plane.resources, objects.map((resource) => ({ kind: resource.kind as KindName, key: resource.key, resource: gone ? undefined : resource })));
      bind();
    };
    put(staying());
    const envoy = new FakeEnvoy(store);
    envoy.keepUp();
    const before = sizes(plane);
    let heap = 0;
    for (let round = 0; round < rounds; round++) {
      if (round === warmUp) heap = heapUsed();
      const own = objectsOf(round);
      put(own);
      assert.ok(plane.outputs.streamRoutes.size >= 6, `round ${round} is served`);
      envoy.keepUp();
      put(own, true);
      envoy.keepUp();
    }
    const grown = (heapUsed() - heap) / (rounds - warmUp);
    t.diagnostic(`${Math.round(grown)} bytes a round stay; ${envoy.received} resources sent, ${envoy.refusals} refusals`);
    assert.deepEqual(sizes(plane), before);
    // The objects of the last round may still be on the stack.
    assert.deepEqual((await remembered()).filter((round) => round < rounds - 1), []);
    assert.ok(envoy.refusals > rounds / 4, `${envoy.refusals} refusals`);
    assert.ok(grown < tolerance, `${Math.round(grown)} bytes of each round stay`);
  });
});
