import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trafficPolicies, trafficPolicy, trafficPolicyFor } from './traffic-policy.ts';
import { decoded, readDirectly } from '../testing.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import type { Inputs } from '../inputs.ts';
import { Graph } from '../../reactive/graph.ts';

function policy(name: string, spec: Readonly<Record<string, unknown>>, createdAt = '2026-01-01T00:00:00Z'): ResourceOf<'XBackendTrafficPolicy'> {
  const targetRefs = [{ group: '', kind: 'Service', name: 'app' }];
  return decoded('XBackendTrafficPolicy', { metadata: { name, creationTimestamp: createdAt }, spec: { targetRefs, ...spec } });
}

const budgets: readonly [sentence: string, constraint: Readonly<Record<string, unknown>>, percent: number, interval: number, minConcurrent: number][] = [
  ['the defaults of the API', {}, 20, 10_000, 10],
  ['a budget', { budget: { percent: 5, interval: '1m' } }, 5, 60_000, 10],
  ['a rate by the minute, rounded up', { minRetryRate: { count: 61, interval: '1m' } }, 20, 10_000, 2],
  ['a rate without an interval is by the second', { minRetryRate: { count: 7 } }, 20, 10_000, 7],
  ['a rate without a count is the default count', { minRetryRate: { interval: '10s' } }, 20, 10_000, 1],
];

for (const [sentence, retryConstraint, percent, interval, minConcurrent] of budgets) {
  test(sentence, () => assert.deepEqual(trafficPolicy(policy('p', { retryConstraint })).retryBudget, { percent, interval, minConcurrent }));
}

test('a session that cannot be kept is no policy at all', () => {
  const spec = { retryConstraint: {}, sessionPersistence: { type: 'Header', header: { name: 'x' }, absoluteTimeout: '1h' } };
  const { session, retryBudget, acceptedFault } = trafficPolicy(policy('p', spec));
  assert.deepEqual([session, retryBudget, acceptedFault?.reason], [undefined, undefined, 'Invalid']);
});

test('the oldest policy is in force, for every port and every way to speak to the object, and the others are told', () => {
  const graph = new Graph();
  const source = graph.source<ResourceOf<'XBackendTrafficPolicy'>>('policies');
  const policies = trafficPolicies(graph, { resources: { XBackendTrafficPolicy: source } } as unknown as Inputs);
  const [young, old, same] = [policy('a', {}, '2026-02-01T00:00:00Z'), policy('b', {}), policy('c', {})];
  for (const each of [young, old, same]) source.set(each.key, each);
  graph.settle();
  for (const key of ['service/default/app/80', 'service/default/app/81/h2c']) assert.equal(trafficPolicyFor(readDirectly, policies, key)?.key, 'default/b');
  for (const key of ['service/default/other/80', 'service/elsewhere/app/80', 'backend/default/app']) assert.equal(trafficPolicyFor(readDirectly, policies, key), undefined);
  const conflicts = [young, old, same].map((each) => {
    const translated = trafficPolicy(each);
    return translated.targetRefs.map((ref) => policies.conflict(readDirectly, translated, ref)?.message);
  });
  const message = 'targetRefs: XBackendTrafficPolicy default/b has precedence for Service default/app';
  assert.deepEqual(conflicts, [[message], [undefined], [message]]);
});
