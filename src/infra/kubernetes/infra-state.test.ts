import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { KubeObject } from '../../kube/object.ts';
import { nodeAddresses, stateOf } from './infra-state.ts';
import { wantedProxy } from './testing.ts';

const metadata = { name: 'x', namespace: 'y' };

function service(spec: object, status: object = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'Service', metadata, spec, status };
}

function node(...addresses: readonly [type: string, address: string][]): KubeObject {
  return { apiVersion: 'v1', kind: 'Node', metadata, status: { addresses: addresses.map(([type, address]) => ({ type, address })) } };
}

const nodes = nodeAddresses([node(['InternalIP', '10.0.0.2'], ['InternalIP', 'fd00::2']), node(['InternalIP', '10.0.0.1'], ['ExternalIP', '203.0.113.1'])]);

function addresses(object: KubeObject, requested: readonly string[] = []): { readonly found: readonly string[]; readonly unusable: readonly string[] } {
  const { addresses: found, unusableAddresses } = stateOf({ faults: [], wanted: wantedProxy({ addresses: requested }), stored: [object], trouble: undefined, nodes });
  return { found: found.map(({ value }) => value), unusable: unusableAddresses };
}

test('a load balancer has the addresses that it was given', () => {
  const ingress = [{ ip: '192.0.2.2' }, { ip: '192.0.2.1' }, { hostname: 'a.example.com' }, { ip: '192.0.2.1' }];
  assert.deepEqual(addresses(service({ type: 'LoadBalancer' }, { loadBalancer: { ingress } })).found, ['a.example.com', '192.0.2.1', '192.0.2.2']);
  assert.deepEqual(addresses(service({ type: 'LoadBalancer' })).found, []);
});

test('an address of a node leads to the proxy without a load balancer; of others nobody knows', () => {
  const requested = ['10.0.0.1', '192.0.2.9'];
  assert.deepEqual(addresses(service({ type: 'LoadBalancer', externalIPs: requested }), requested), { found: ['10.0.0.1'], unusable: ['192.0.2.9'] });
});

test('a NodePort has the nodes\' addresses of its families, external ones first, unless it has its own', () => {
  assert.deepEqual(addresses(service({ type: 'NodePort', ipFamilies: ['IPv4'] })).found, ['10.0.0.2', '203.0.113.1']);
  assert.deepEqual(addresses(service({ type: 'NodePort', ipFamilies: ['IPv4', 'IPv6'] })).found, ['10.0.0.2', '203.0.113.1', 'fd00::2']);
  assert.deepEqual(addresses(service({ type: 'NodePort', externalIPs: ['192.0.2.9'] }), ['192.0.2.9']), { found: ['192.0.2.9'], unusable: [] });
});

test('a ClusterIP has its cluster addresses', () => {
  assert.deepEqual(addresses(service({ type: 'ClusterIP', clusterIPs: ['10.96.0.1', 'fd01::1'] })).found, ['10.96.0.1', 'fd01::1']);
  assert.deepEqual(addresses(service({ type: 'ClusterIP', clusterIPs: ['None'] }), ['10.96.0.7']), { found: [], unusable: ['10.96.0.7'] });
});

test('addresses in the cluster count where they are asked for, beside others or alone', () => {
  const both = service({ type: 'LoadBalancer', clusterIPs: ['10.96.0.1'] }, { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } });
  const inside = service({ type: 'ClusterIP', clusterIPs: ['10.96.0.1'] });
  const found = (object: KubeObject, only: boolean, requested: readonly string[] = []) => {
    const { addresses: all, unusableAddresses } = stateOf({ faults: [], wanted: wantedProxy({ clusterAddresses: { requested, only } }), stored: [object], trouble: undefined, nodes });
    return [...all.map(({ value, routability = '' }) => `${value} ${routability}`), ...unusableAddresses];
  };
  assert.deepEqual(found(both, false), ['192.0.2.1 ', '10.96.0.1 Cluster']);
  assert.deepEqual(found(inside, true), ['10.96.0.1 Cluster']);
  assert.deepEqual(found(both, true), ['10.96.0.1 Cluster'], 'a load balancer that is not gone yet is not told of');
  assert.deepEqual(found(inside, true, ['10.96.0.9']), ['10.96.0.1 Cluster', '10.96.0.9 (Service y/x has 10.96.0.1 until it is deleted)']);
});

test('a Service that cannot be made says why its address cannot be had', () => {
  const { unusableAddresses } = stateOf({ faults: [], wanted: wantedProxy({ clusterAddresses: { requested: ['10.96.0.9'], only: true } }), stored: [], trouble: 'provided IP is already allocated', nodes });
  assert.deepEqual(unusableAddresses, ['10.96.0.9 (provided IP is already allocated)']);
});

test('a proxy is available when a Pod of whatever runs it is', () => {
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { replicas: 3 }, status: { availableReplicas: 0, replicas: 3 } };
  const daemonSet = { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata, status: { numberAvailable: 2, desiredNumberScheduled: 4 } };
  const judge = (...stored: readonly KubeObject[]): string => {
    const state = stateOf({ faults: [], wanted: wantedProxy(), stored, trouble: undefined, nodes });
    return `${state.available} ${state.message}`;
  };
  assert.equal(judge(deployment), 'false 0/3 envoy replicas available');
  assert.equal(judge(daemonSet), 'true 2/4 envoy replicas available');
  assert.equal(judge(deployment, daemonSet), 'true 2/4 envoy replicas available');
  assert.equal(judge(), 'false 0/0 envoy replicas available');
});
