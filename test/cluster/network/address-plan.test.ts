import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressPlan, freeLoadBalancer, maxNodes, mayBeLoadBalancer, nodeAddress, overlap, podCidr, slotCount } from './address-plan.ts';

const plans = Array.from({ length: slotCount }, (_, slot) => addressPlan(slot));

test('no two slots have an address or a name in common', () => {
  for (const one of plans) {
    for (const other of plans.filter((plan) => plan.slot > one.slot)) {
      assert.equal(overlap(one.cidr, other.cidr), false, `${one.cidr} ${other.cidr}`);
      assert.notEqual(one.prefix, other.prefix);
    }
  }
});

test('the networks of a cluster lie in its own and do not meet', () => {
  const plan = addressPlan(7);
  const networks = [plan.machines, plan.loadBalancers, plan.pods, plan.services];
  for (const [index, one] of networks.entries()) {
    assert.ok(overlap(one, plan.cidr));
    for (const other of networks.slice(index + 1)) assert.equal(overlap(one, other), false, `${one} ${other}`);
  }
  for (const address of [plan.kubernetesService, plan.dns]) assert.ok(overlap(address, plan.services));
  for (let index = 0; index < maxNodes; index++) {
    assert.ok(overlap(podCidr(plan, index), plan.pods));
    assert.ok(overlap(nodeAddress(plan, index), plan.machines));
  }
  assert.notEqual(nodeAddress(plan, 0), plan.controlPlane);
});

test('addresses of LoadBalancers are given out in order, none twice, until there are none', () => {
  const plan = addressPlan(0);
  const used = new Set<string>();
  assert.equal(freeLoadBalancer(plan, used), '10.160.1.5');
  assert.equal(freeLoadBalancer(plan, used, '10.160.1.5'), '10.160.1.6');
  assert.equal(freeLoadBalancer(plan, used, '10.160.1.199'), '10.160.1.5');
  for (let next = freeLoadBalancer(plan, used); next !== undefined; next = freeLoadBalancer(plan, used)) used.add(next);
  assert.equal(used.size, 195);
});

test('a Service may ask for an address of the range, and for none outside', () => {
  const plan = addressPlan(3);
  assert.ok(mayBeLoadBalancer(plan, '10.163.1.200'));
  for (const address of ['10.163.1.250', '10.163.1.1', '10.163.2.7', '10.164.1.7', '10.163.1.', '10.163.1.7.8', '']) {
    assert.equal(mayBeLoadBalancer(plan, address), false, address);
  }
});

test('networks overlap when one holds the other', () => {
  assert.ok(overlap('10.0.0.0/8', '10.160.0.0/16'));
  assert.ok(overlap('10.160.3.4', '10.160.0.0/16'));
  assert.equal(overlap('10.161.0.0/16', '10.160.0.0/16'), false);
});

test('a slot that is none is refused', () => {
  assert.throws(() => addressPlan(slotCount), /not in 0 … 31/);
});
