import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Catalogue } from '../suite/catalogue.ts';
import { suites } from '../suite/suites.ts';
import type { TestResult } from '../results.ts';
import { keptResults } from './keep.ts';

const catalogue: Catalogue = {
  profiles: { HTTP: { core: ['Gateway'], extended: [] }, UDP: { core: ['UDPRoute'], extended: [] } },
  experimental: [],
  tests: ['Gateway', 'UDPRoute'].map((feature) => ({ name: `Test${feature}`, features: [feature], parallel: false, provisional: false, manifests: [] })),
};
const report = { date: '', mode: 'default', gatewayAPIChannel: 'standard', gatewayAPIVersion: 'v1.6.3', implementation: { organization: '', project: '', url: '', version: 'v1' }, profiles: [{ name: 'HTTP' }] };
const suite = suites.gateway;
const about = { seconds: 60, envoy: '1.40.0', command: 'npm run conformance' };

function result(name: string): TestResult {
  return { name, outcome: 'pass', seconds: 1.26, failedParts: [], output: [] };
}

test('what is kept are the tests of the profiles in the report, with their features', () => {
  const { profiles, tests } = keptResults({ ...about, results: [result('TestUDPRoute'), result('TestGateway')] }, report, { suite, catalogue });
  assert.deepEqual(profiles, { HTTP: { core: ['Gateway'], extended: [] } });
  assert.deepEqual(tests, [{ name: 'TestGateway', features: ['Gateway'], outcome: 'pass', seconds: 1.3 }]);
});

test('a run without some of the tests is not kept', () => {
  assert.throws(() => keptResults({ ...about, results: [] }, report, { suite, catalogue }), { message: 'not the report of a whole run: it lacks 1 tests, TestGateway among them' });
  const single = { ...about, command: 'npm run conformance -- --run-test TestGateway', results: [result('TestGateway')] };
  assert.throws(() => keptResults(single, report, { suite, catalogue }), { message: `not the report of a whole run: ${single.command}` });
});
