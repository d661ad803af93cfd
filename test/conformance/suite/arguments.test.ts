import assert from 'node:assert/strict';
import { test } from 'node:test';
import { suiteArguments } from './arguments.ts';
import type { SuiteArguments } from './arguments.ts';

const least: SuiteArguments = {
  gatewayClass: 'eg',
  profiles: ['GATEWAY-HTTP', 'GATEWAY-TLS'],
  report: 'report.yaml',
  addresses: { usable: '10.0.1.240', unusable: '192.0.2.240' },
  implementation: { organization: 'o', project: 'p', url: 'u', version: 'v', contact: 'c' },
  otherCrds: false,
  skipTests: [],
  parallel: 4,
  minutes: 40,
};

test('the suite is told the class, the profiles and whom it reports about', () => {
  assert.deepEqual(suiteArguments(least), [
    '-test.run=^TestConformance$', '-test.v=test2json', '-test.parallel=4', '-test.timeout=40m', '-cleanup-base-resources=false', '-gateway-class=eg', '-conformance-profiles=GATEWAY-HTTP,GATEWAY-TLS',
    '-report-output=report.yaml', '-usable-address=10.0.1.240', '-unusable-address=192.0.2.240', '-organization=o', '-project=p', '-url=u', '-version=v', '-contact=c',
  ]);
});

test('what is chosen comes on top', () => {
  const more = suiteArguments({ ...least, otherCrds: true, runTest: 'A', skipTests: ['B', 'C'], supportedFeatures: ['Gateway', 'HTTPRoute'] });
  assert.deepEqual(more.slice(suiteArguments(least).length), ['-allow-crds-mismatch', '-supported-features=Gateway,HTTPRoute', '-run-test=A', '-skip-tests=B,C']);
});
