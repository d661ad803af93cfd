import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Recipe } from '../../cluster/tools/recipe.ts';

/** The suite's version. The CRDs in the cluster should be of the same: the suite looks at their annotations. */
export const SUITE_VERSION = 'v1.6.3';

/** Modules with the CRDs that a run installs: the API, at the suite's version unless it is told another, and the product's own kinds. */
export const GATEWAY_API = 'sigs.k8s.io/gateway-api';
export const ENVOY_GATEWAY = 'github.com/envoyproxy/gateway@v1.9.1';

/** The official suite as one static program. */
export const suite: Recipe = {
  name: 'conformance',
  version: SUITE_VERSION,
  source: {
    files: { 'suite/suite_test.go': readFileSync(join(import.meta.dirname, 'suite_test.go'), 'utf8') },
    // The conformance module's go.mod replaces the API by the folder above it, which only its own repository has.
    requires: { 'sigs.k8s.io/gateway-api': SUITE_VERSION, 'sigs.k8s.io/gateway-api/conformance': SUITE_VERSION },
  },
  programs: { 'conformance.test': './suite.test' },
  minutes: 3,
};
