import type { Recipe } from './recipe.ts';

/** The endpoint picker of the Inference Extension, for comparison. Later versions live in a module that the proxy does not hand out. */
export const upstreamPicker: Recipe = {
  name: 'upstream-picker',
  version: 'v1.5.0',
  source: { module: 'sigs.k8s.io/gateway-api-inference-extension' },
  programs: { epp: './cmd/epp' },
  minutes: 2,
};

/** A model server that has no model: it answers in vLLM's ways and in its time. */
export const inferenceSimulator: Recipe = {
  name: 'inference-simulator',
  version: 'v0.10.2',
  source: { module: 'github.com/llm-d/llm-d-inference-sim' },
  programs: { 'llm-d-inference-sim': './cmd/llm-d-inference-sim' },
  minutes: 2,
};

/** The picker that the conformance suite of the Inference Extension brings along: it takes turns, and does as headers of the tests say. */
export const testingPicker: Recipe = {
  name: 'testing-picker',
  version: 'v1.6.0',
  source: { module: 'sigs.k8s.io/gateway-api-inference-extension' },
  programs: { lwepp: './cmd/lwepp' },
  minutes: 2,
};
