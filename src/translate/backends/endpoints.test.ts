import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyBackends, unavailableBackends } from './empty-backends.ts';
import { endpointSets } from './endpoints.ts';
import type { ServicePorts } from './services.ts';
import type { PoolState } from '../inference/pools.ts';
import type { Inputs } from '../inputs.ts';
import { decoded } from '../testing.ts';
import { Graph } from '../../reactive/graph.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import type { Backend } from '../../ir/backend.ts';

interface Slice {
  readonly service?: string;
  readonly addressType?: string;
  readonly ports?: readonly object[];
  readonly endpoints: readonly object[];
}

/** A Service port `http` and an unnamed one, with slices; the endpoints of the port as `address port zone draining`. */
function endpoints(slices: readonly Slice[], options: { readonly port?: number | string; readonly family?: ServicePorts['family'] } = {}): string[] {
  const graph = new Graph();
  const services = graph.source<ServicePorts>('services');
  const backends = graph.source<Backend>('backends');
  const source = graph.source<ResourceOf<'EndpointSlice'>>('EndpointSlice');
  const resources = { EndpointSlice: source, Backend: graph.source('Backend'), Node: graph.source('Node'), XBackend: graph.source('XBackend') };
  const sets = endpointSets(graph, { resources } as unknown as Inputs, { services, backends, pools: graph.source<PoolState>('pools'), settings: { ownsEverything: true } });
  const { port = 80, family = 'IPv4' } = options;
  const ports = [
    { name: 'http', port: 80, protocol: 'TCP', appProtocol: undefined },
    { name: '', port: 81, protocol: 'TCP', appProtocol: undefined },
    { name: 'dns', port: 80, protocol: 'UDP', appProtocol: undefined },
  ] as const;
  services.set('Service/default/app', { ref: 'Service/default/app', version: 'v', externalName: undefined, clusterIPs: [], preference: undefined, family, ports });
  const key = `service/default/app/${port}`;
  backends.set(key, { key, owner: 'Service/default/app', ownerVersion: 'v', protocol: 'http1', tls: undefined, discovery: { type: 'endpoints' } });
  for (const [index, { service = 'app', addressType = 'IPv4', ports: own = [{ name: 'http', port: 3000 }], endpoints: list }] of slices.entries()) {
    const labels = { 'kubernetes.io/service-name': service };
    const slice = decoded('EndpointSlice', { metadata: { name: `s${index}`, labels }, addressType, ports: own, endpoints: list });
    source.set(slice.key, slice);
  }
  graph.settle();
  return (sets.get(key)?.endpoints ?? []).map(({ address, zone, draining }) =>
    [address.type === 'ip' ? `${address.ip}:${address.port}` : address.path, zone, draining ? 'draining' : ''].join(' ').trim(),
  );
}

const one = (address: string, conditions?: object, zone?: string) => ({
  addresses: [address],
  ...(conditions !== undefined && { conditions }),
  ...(zone !== undefined && { zone }),
});

const table: readonly [sentence: string, slices: readonly Slice[], expected: readonly string[]][] = [
  ['no slices, no endpoints', [], []],
  ['an endpoint without conditions is ready', [{ endpoints: [one('10.0.0.1')] }], ['10.0.0.1:3000']],
  ['endpoints of all slices, by zone and address', [{ endpoints: [one('10.0.0.2', {}, 'b'), one('10.0.0.3', {}, 'a')] }, { endpoints: [one('10.0.0.1', {}, 'b')] }], ['10.0.0.3:3000 a', '10.0.0.1:3000 b', '10.0.0.2:3000 b']],
  ['slices of other Services are not ours', [{ service: 'other', endpoints: [one('10.0.0.1')] }], []],
  ['the port is the one of that name', [{ ports: [{ name: 'metrics', port: 9100 }, { name: 'http', port: 3001 }], endpoints: [one('10.0.0.1')] }], ['10.0.0.1:3001']],
  ['a slice without that port has nothing for us', [{ ports: [{ name: 'metrics', port: 9100 }], endpoints: [one('10.0.0.1')] }], []],
  ['a UDP port of that name is another port', [{ ports: [{ name: 'http', port: 53, protocol: 'UDP' }], endpoints: [one('10.0.0.1')] }], []],
  ['a slice that leaves the port open has nothing for us', [{ ports: [{ name: 'http' }], endpoints: [one('10.0.0.1')] }], []],
  ['nor has one whose port is 0', [{ ports: [{ name: 'http', port: 0 }], endpoints: [one('10.0.0.1')] }], []],
  ['an endpoint that is not ready is left out', [{ endpoints: [one('10.0.0.1', { ready: false })] }], []],
  ['one that terminates and serves drains', [{ endpoints: [one('10.0.0.1', { ready: false, serving: true, terminating: true })] }], ['10.0.0.1:3000  draining']],
  ['serving that nobody states is serving', [{ endpoints: [one('10.0.0.1', { ready: false, terminating: true })] }], ['10.0.0.1:3000  draining']],
  ['one that terminates and does not serve is left out', [{ endpoints: [one('10.0.0.1', { ready: false, serving: false, terminating: true })] }], []],
  ['ready counts more than terminating, as with publishNotReadyAddresses', [{ endpoints: [one('10.0.0.1', { ready: true, terminating: true })] }], ['10.0.0.1:3000']],
  ['an address in two slices counts once', [{ endpoints: [one('10.0.0.1')] }, { endpoints: [one('10.0.0.1')] }], ['10.0.0.1:3000']],
  [
    'an address that is ready in one slice and drains in another is ready',
    [{ endpoints: [one('10.0.0.1', { ready: false, serving: true, terminating: true })] }, { endpoints: [one('10.0.0.1')] }],
    ['10.0.0.1:3000'],
  ],
  ['of several addresses of an endpoint the first counts', [{ endpoints: [{ addresses: ['10.0.0.1', '10.0.0.2'] }] }], ['10.0.0.1:3000']],
  ['names are no addresses', [{ addressType: 'FQDN', endpoints: [one('app.example.org')] }], []],
  ['of two families the first one of the Service counts', [{ endpoints: [one('10.0.0.1')] }, { addressType: 'IPv6', endpoints: [one('2001:db8::1')] }], ['10.0.0.1:3000']],
  ['the other family is better than nothing', [{ endpoints: [one('10.0.0.1', { ready: false })] }, { addressType: 'IPv6', endpoints: [one('2001:db8::1')] }], ['2001:db8::1:3000']],
];

for (const [sentence, slices, expected] of table) {
  test(sentence, () => assert.deepEqual(endpoints(slices), expected));
}

test('an unnamed Service port belongs to the unnamed port of a slice', () => {
  const slices = [{ ports: [{ port: 3000 }], endpoints: [one('10.0.0.1')] }];
  assert.deepEqual(endpoints(slices, { port: 81 }), ['10.0.0.1:3000']);
  assert.deepEqual(endpoints(slices, { port: 80 }), []);
});

test('a UDP port of a Service belongs to the UDP port of a slice, not to the TCP port of its number', () => {
  const ports = [{ name: 'http', port: 3000 }, { name: 'dns', port: 5353, protocol: 'UDP' }];
  assert.deepEqual(endpoints([{ ports, endpoints: [one('10.0.0.1')] }], { port: '80/udp' }), ['10.0.0.1:5353']);
  assert.deepEqual(endpoints([{ ports: [{ name: 'dns', port: 5353 }], endpoints: [one('10.0.0.1')] }], { port: '80/udp' }), []);
});

test('a Service may prefer IPv6', () => {
  const slices = [{ endpoints: [one('10.0.0.1')] }, { addressType: 'IPv6', endpoints: [one('2001:db8::1')] }];
  assert.deepEqual(endpoints(slices, { family: 'IPv6' }), ['2001:db8::1:3000']);
});

test('backends without endpoints are told apart from those with some', () => {
  const graph = new Graph();
  const sets = graph.source<{ backend: string; endpoints: [] | [{ address: { type: 'unix'; path: string }; zone: string; draining: boolean }] }>('sets');
  const empty = emptyBackends(graph, sets);
  sets.set('backend/a/b', { backend: 'backend/a/b', endpoints: [] });
  sets.set('backend/a/c', { backend: 'backend/a/c', endpoints: [{ address: { type: 'unix', path: '/c' }, zone: '', draining: false }] });
  graph.settle();
  assert.deepEqual([...empty.entries()], [['backend/a/b', true]]);
});

test('what has no endpoints is named with its port, and a Service with the way to give it some', () => {
  assert.equal(unavailableBackends('HTTPRoute', []), undefined);
  assert.deepEqual(unavailableBackends('HTTPRoute', ['backend/a/b', 'service/a/c/80']), {
    reason: 'EndpointsNotFound',
    message:
      'Requests are answered with 503: Backend a/b has no endpoints; Service a/c has no endpoints on port 80 (an EndpointSlice with the label kubernetes.io/service-name: c gives it some)',
  });
  assert.equal(unavailableBackends('TLSRoute', ['backend/a/b'])?.message, 'Connections are closed: Backend a/b has no endpoints');
  assert.equal(unavailableBackends('UDPRoute', ['backend/a/b'])?.message, 'Datagrams are dropped: Backend a/b has no endpoints');
});
