import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Recipe } from '../../cluster/tools/recipe.ts';

/** The suite's version. The CRDs in the cluster should be of the same: the suite looks at their annotations. */
export const SUITE_VERSION = 'v1.6.3';

/** The version of the Inference Extension's suite, and of the InferencePool that it is about. */
export const INFERENCE_SUITE_VERSION = 'v1.6.0';

/** The version of the Gateway API that the Inference Extension's suite is made with. */
export const INFERENCE_GATEWAY_API_VERSION = 'v1.6.1';

/** Modules with the suites, and with the CRDs that a run installs: the APIs, and the product's own kinds. */
export const GATEWAY_API = 'sigs.k8s.io/gateway-api';
export const INFERENCE_EXTENSION = 'sigs.k8s.io/gateway-api-inference-extension';
export const ENVOY_GATEWAY = 'github.com/envoyproxy/gateway@v1.9.1';

/** What the program of a suite is called. */
export const suiteProgram = 'conformance.test';

/** The official suite of the Gateway API as one static program. */
export const gatewaySuite: Recipe = suiteRecipe('conformance', SUITE_VERSION, 'gateway_test.go', { [GATEWAY_API]: SUITE_VERSION, [`${GATEWAY_API}/conformance`]: SUITE_VERSION });

/** The official suite of the Inference Extension. */
export const inferenceSuite: Recipe = suiteRecipe('inference-conformance', INFERENCE_SUITE_VERSION, 'inference_test.go', {
  [GATEWAY_API]: INFERENCE_GATEWAY_API_VERSION,
  [`${GATEWAY_API}/conformance`]: INFERENCE_GATEWAY_API_VERSION,
  [INFERENCE_EXTENSION]: INFERENCE_SUITE_VERSION,
  [`${INFERENCE_EXTENSION}/conformance`]: INFERENCE_SUITE_VERSION,
});

/** The modules of suites replace the API by the folder above them, which only their own repository has: it is required, too. */
function suiteRecipe(name: string, version: string, file: string, requires: Readonly<Record<string, string>>): Recipe {
  const files = Object.fromEntries([file, 'catalogue_test.go'].map((each) => [`suite/${each}`, readFileSync(join(import.meta.dirname, each), 'utf8')]));
  return { name, version, source: { files, requires }, programs: { [suiteProgram]: './suite.test' }, minutes: 3 };
}
