import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plannedTests, testsOfProfile } from './catalogue.ts';
import type { Catalogue } from './catalogue.ts';

const catalogue: Catalogue = {
  profiles: { HTTP: { core: ['Gateway', 'HTTPRoute'], extended: ['Port'] } },
  experimental: [],
  tests: ['Gateway', 'Gateway HTTPRoute', 'Gateway Port', 'Gateway GRPCRoute', 'Mesh'].map((features, index) => ({
    name: `Test${index}`,
    features: features.split(' '),
    parallel: false,
    provisional: false,
    manifests: [],
  })),
};

test('a test belongs to a profile that has all of its features, and is extended when one of them is', () => {
  assert.deepEqual(
    testsOfProfile(catalogue, 'HTTP').map(({ name, level }) => [name, level]),
    [['Test0', 'core'], ['Test1', 'core'], ['Test2', 'extended']],
  );
});

test('a profile that the suite does not have is refused by name', () => {
  assert.throws(() => testsOfProfile(catalogue, 'SMTP'), { message: 'the suite has no profile SMTP; it has HTTP' });
});

test('what is planned is what the class supports, and the core of the profiles whether it says so or not', () => {
  assert.deepEqual([...plannedTests(catalogue, { profiles: ['HTTP'], supported: [] })], ['Test0', 'Test1']);
  assert.deepEqual([...plannedTests(catalogue, { profiles: ['HTTP'], supported: ['Gateway', 'Port', 'GRPCRoute'] })], ['Test0', 'Test1', 'Test2', 'Test3']);
});
