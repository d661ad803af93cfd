import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENVOY_API, ENVOY_GATEWAY, GATEWAY_API, INFERENCE_EXTENSION, KUBERNETES } from '../../tools/definitions/versions.ts';
import { envoyVersion } from '../infra/host/envoy-wheel.ts';
import { apiVersions, moongateVersion } from './versions.ts';

test('the versions that are told are those of the definitions', () => {
  assert.deepEqual(apiVersions, {
    envoy: envoyVersion,
    gatewayApi: `${GATEWAY_API.version} (experimental channel)`,
    envoyGateway: ENVOY_GATEWAY.version,
    inferenceExtension: INFERENCE_EXTENSION.version,
    kubernetes: KUBERNETES.version,
  });
  assert.equal(ENVOY_API.version, `v${envoyVersion}`);
  assert.match(moongateVersion(), /^\d+\.\d+\.\d+/);
});
