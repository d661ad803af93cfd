import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandOf, expectedFile, readOptions, usage } from './options.ts';
import { suites } from './suite/suites.ts';

test('without options it is all profiles of gateways against ours, with the CRDs of the suite', () => {
  const { profiles, channel, crds, peer, gatewayClass, parallel } = readOptions([]);
  assert.deepEqual({ profiles, channel, crds, peer, gatewayClass, parallel }, { channel: 'experimental', crds: 'v1.6.3', profiles: ['GATEWAY-HTTP', 'GATEWAY-GRPC', 'GATEWAY-TLS', 'GATEWAY-TCP', 'GATEWAY-UDP'], peer: undefined, gatewayClass: undefined, parallel: 8 });
});

test('the suite of the Inference Extension has a profile, definitions and a picker of its own', () => {
  const { suite, profiles, crds, picker } = readOptions(['--suite', 'inference']);
  assert.deepEqual({ suite: suite.name, profiles, crds, picker }, { suite: 'inference', profiles: ['Gateway'], crds: 'v1.6.1', picker: 'upstream' });
});

test('each suite says which options it has', () => {
  for (const suite of Object.values(suites)) {
    const text = usage(suite);
    for (const [, option = ''] of text.matchAll(/^ {2}(--[a-z-]+)/gm)) assert.doesNotThrow(() => readOptions(['--suite', suite.name, ...example(option)]), `${suite.name}: ${option}`);
  }
  assert.match(usage(suites.gateway), /--peer/);
  assert.doesNotMatch(usage(suites.gateway), /--picker/);
  assert.match(usage(suites.inference), /--picker/);
});

/** An option as it might be given. */
function example(option: string): string[] {
  const values: Record<string, string> = { '--channel': 'standard', '--crds': 'v1.7.0', '--peer': 'envoy-gateway', '--picker': 'lwepp', '--parallel': '2' };
  return ['--keep', '--help'].includes(option) ? [option] : [option, values[option] ?? 'a'];
}

test('what is expected depends on the suite and on who is in whose place', () => {
  const files = [[], ['--peer', 'envoy-gateway'], ['--suite', 'inference'], ['--suite', 'inference', '--picker', 'lwepp']].map((args) => expectedFile(readOptions(args)));
  assert.deepEqual(files, ['expected.yaml', 'expected-envoy-gateway.yaml', 'expected-inference.yaml', 'expected-inference-lwepp.yaml']);
});

test('lists are separated by commas', () => {
  const { profiles, skipTests } = readOptions(['--profiles', 'GATEWAY-HTTP, GATEWAY-TLS', '--skip-tests', 'A,B']);
  assert.deepEqual({ profiles, skipTests }, { profiles: ['GATEWAY-HTTP', 'GATEWAY-TLS'], skipTests: ['A', 'B'] });
});

test('a run is repeated by what differs from the defaults', () => {
  assert.equal(commandOf(readOptions(['--parallel', '2', '--keep'])), 'npm run conformance');
  const args = ['--profiles', 'GATEWAY-UDP', '--run-test', 'A', '--skip-tests', 'B,C', '--channel', 'standard', '--crds', 'v1.7.0', '--peer', 'envoy-gateway', '--set', 'a=b'];
  assert.equal(commandOf(readOptions(args)), `npm run conformance -- ${args.join(' ')}`);
  assert.equal(commandOf(readOptions(['--suite', 'inference'])), 'npm run conformance:inference');
  assert.equal(commandOf(readOptions(['--suite', 'inference', '--picker', 'lwepp'])), 'npm run conformance:inference -- --picker lwepp');
});

test('what makes no sense is refused by name', () => {
  assert.throws(() => readOptions(['--peer', 'nginx']), { message: '--peer nginx: not one of envoy-gateway' });
  assert.throws(() => readOptions(['--suite', 'mesh']), { message: '--suite mesh: not one of gateway, inference' });
  assert.throws(() => readOptions(['--picker', 'lwepp']), { message: '--picker lwepp: this suite has none' });
  assert.throws(() => readOptions(['--channel', 'beta']), { message: '--channel beta: not one of experimental, standard' });
  assert.throws(() => readOptions(['--crds', 'main']), { message: '--crds main: not a version such as v1.6.3' });
  assert.throws(() => readOptions(['--parallel', '0']), { message: '--parallel 0: not a number above 0' });
  assert.throws(() => readOptions(['--profiles', ',']), { message: '--profiles: names none' });
  assert.throws(() => readOptions(['--unheard-of']), /--unheard-of/);
});
