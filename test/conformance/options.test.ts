import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandOf, readOptions } from './options.ts';

test('without options it is all profiles of gateways against ours, with the CRDs of the suite', () => {
  const { profiles, channel, crds, peer, gatewayClass, parallel } = readOptions([]);
  assert.deepEqual({ profiles, channel, crds, peer, gatewayClass, parallel }, { channel: 'experimental', crds: 'v1.6.3', profiles: ['GATEWAY-HTTP', 'GATEWAY-GRPC', 'GATEWAY-TLS', 'GATEWAY-TCP', 'GATEWAY-UDP'], peer: undefined, gatewayClass: undefined, parallel: 8 });
});

test('lists are separated by commas', () => {
  const { profiles, skipTests } = readOptions(['--profiles', 'GATEWAY-HTTP, GATEWAY-TLS', '--skip-tests', 'A,B']);
  assert.deepEqual({ profiles, skipTests }, { profiles: ['GATEWAY-HTTP', 'GATEWAY-TLS'], skipTests: ['A', 'B'] });
});

test('a run is repeated by what differs from the defaults', () => {
  assert.equal(commandOf(readOptions(['--parallel', '2', '--keep'])), 'npm run conformance');
  const args = ['--profiles', 'GATEWAY-UDP', '--run-test', 'A', '--skip-tests', 'B,C', '--channel', 'standard', '--crds', 'v1.7.0', '--peer', 'envoy-gateway', '--set', 'a=b'];
  assert.equal(commandOf(readOptions(args)), `npm run conformance -- ${args.join(' ')}`);
});

test('what makes no sense is refused by name', () => {
  assert.throws(() => readOptions(['--peer', 'nginx']), { message: '--peer nginx: not one of envoy-gateway' });
  assert.throws(() => readOptions(['--channel', 'beta']), { message: '--channel beta: not one of experimental, standard' });
  assert.throws(() => readOptions(['--crds', 'main']), { message: '--crds main: not a version such as v1.6.3' });
  assert.throws(() => readOptions(['--parallel', '0']), { message: '--parallel 0: not a number above 0' });
  assert.throws(() => readOptions(['--profiles', ',']), { message: '--profiles: names none' });
  assert.throws(() => readOptions(['--unheard-of']), /--unheard-of/);
});
