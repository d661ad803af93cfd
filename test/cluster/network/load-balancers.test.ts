import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressPlan } from './address-plan.ts';
import { assign, GivenAddresses, routes } from './load-balancers.ts';
import type { EndpointSlice, LoadBalancerService } from './load-balancers.ts';

const plan = addressPlan(0);

function service(name: string, { ip, ask, ...spec }: { ip?: string; ask?: string; type?: string; loadBalancerClass?: string } = {}): LoadBalancerService {
  return {
    metadata: { namespace: 'default', name },
    spec: { type: 'LoadBalancer', ...spec, ...(ask === undefined ? {} : { loadBalancerIP: ask }) },
    status: { loadBalancer: { ingress: ip === undefined ? [] : [{ ip }] } },
  };
}

function given(...services: readonly LoadBalancerService[]): Record<string, string> {
  return Object.fromEntries(assign(plan, services).map(({ name, address }) => [name, address]));
}

test('Services get addresses in order, and keep what they have', () => {
  assert.deepEqual(given(service('a'), service('b', { ip: '10.160.1.5' }), service('c')), { a: '10.160.1.6', c: '10.160.1.7' });
});

test('an address that was given back is not given to the next Service', () => {
  assert.deepEqual(assign(plan, [service('a')], '10.160.1.5').map(({ address }) => address), ['10.160.1.6']);
});

test('a Service of which the watch does not know yet that it has an address gets no other', () => {
  const addresses = new GivenAddresses();
  const next = (...services: readonly LoadBalancerService[]): string[] => {
    const found = assign(plan, addresses.laidOver(services), addresses.last);
    for (const assignment of found) addresses.note(assignment);
    return found.map(({ name, address }) => `${name} ${address}`);
  };
  assert.deepEqual(next(service('a')), ['a 10.160.1.5']);
  assert.deepEqual(next(service('a'), service('b')), ['b 10.160.1.6']);
  assert.deepEqual(next(service('a', { ip: '10.160.1.5' }), service('b')), []);
  assert.deepEqual(next(service('b', { ip: '10.160.1.6' })), []);
  assert.deepEqual(next(service('a'), service('b', { ip: '10.160.1.6' })), ['a 10.160.1.7']);
});

test('a Service gets the address that it asks for, before others may take it', () => {
  assert.deepEqual(given(service('any'), service('choosy', { ask: '10.160.1.5' })), { choosy: '10.160.1.5', any: '10.160.1.6' });
});

test('a Service that asks for an address outside the range or in use gets none', () => {
  assert.deepEqual(given(service('outside', { ask: '192.0.2.1' }), service('late', { ask: '10.160.1.9' }), service('first', { ip: '10.160.1.9' })), {});
});

test('Services of other types and of other classes are left alone', () => {
  assert.deepEqual(given(service('cluster', { type: 'ClusterIP' }), service('cloud', { loadBalancerClass: 'example.com/cloud' })), {});
});

function slice(service: string, ...endpoints: NonNullable<EndpointSlice['endpoints']>): EndpointSlice {
  return { metadata: { namespace: 'default', name: `${service}-x`, labels: { 'kubernetes.io/service-name': service } }, endpoints };
}

test('an address leads to the nodes with ready endpoints of its Service, and to no others', () => {
  const nodes = new Map([['node-1', '10.160.0.11'], ['node-2', '10.160.0.12'], ['node-3', '10.160.0.13']]);
  const services = [service('a', { ip: '10.160.1.5' }), service('b', { ip: '10.160.1.6' }), service('c', { ip: '10.160.1.7' }), service('d')];
  const slices = [
    slice('a', { nodeName: 'node-2', conditions: { ready: true } }, { nodeName: 'node-1', conditions: { ready: false } }),
    slice('a', { nodeName: 'node-3' }, { nodeName: 'node-3', conditions: {} }),
    slice('b', { nodeName: 'node-1', conditions: { ready: true } }),
    slice('c', { nodeName: 'node-1', conditions: { ready: false } }),
    slice('d', { nodeName: 'node-1' }),
    { ...slice('a', { nodeName: 'node-1' }), metadata: { namespace: 'other', name: 'a-x', labels: { 'kubernetes.io/service-name': 'a' } } },
  ];
  assert.deepEqual([...routes(services, slices, nodes)], [['10.160.1.5', ['10.160.0.12', '10.160.0.13']], ['10.160.1.6', ['10.160.0.11']]]);
});
