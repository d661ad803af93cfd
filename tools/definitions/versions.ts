/** A Go module, at the version that we follow. */
export interface Module {
  readonly path: string;
  readonly version: string;
  /** The module's hash as go.sum has it; a download that has another is refused. */
  readonly sum: string;
}

/** Envoy's API as generated Go. The version is the one of the Envoy binary that we run. */
export const ENVOY_API: Module = {
  path: 'github.com/envoyproxy/go-control-plane/envoy',
  version: 'v1.40.0',
  sum: 'h1:G4dcl8KE/HVPnZ25BBdvGZWi8JjyeBfQSvm95U5P1Qc=',
};

/** Gateway API. */
export const GATEWAY_API: Module = {
  path: 'sigs.k8s.io/gateway-api',
  version: 'v1.7.0',
  sum: 'h1:duVnm7nO6oXfMMUWfcDoBph47CYR/ME3NGxccOVglaY=',
};

/** Envoy Gateway, for the kinds of its own. */
export const ENVOY_GATEWAY: Module = {
  path: 'github.com/envoyproxy/gateway',
  version: 'v1.9.1',
  sum: 'h1:vAVp6/AlBXJ1aOhp1mxL7fNEzVEfjADUguUhm2wzxQY=',
};

/**
 * The Inference Extension. v1.6.1 is out, but the Go module proxy refuses to hand out its archive ("403 Forbidden: this
 * module version is not available"), so v1.6.0 it is until the proxy has a later one.
 */
export const INFERENCE_EXTENSION: Module = {
  path: 'sigs.k8s.io/gateway-api-inference-extension',
  version: 'v1.6.0',
  sum: 'h1:cjtwMJYcTnLXBYE5ffR1/hHhn7U1aIFfe2RITYmOXVA=',
};

/** The last release of the Inference Extension that has InferenceObjective and InferenceModelRewrite. */
export const INFERENCE_OBJECTIVES: Module = {
  path: 'sigs.k8s.io/gateway-api-inference-extension',
  version: 'v1.5.0',
  sum: 'h1:w9Awt60cmI1vM7Y6N81h8wDCBP0WkmxpdI7GKY0v070=',
};

/** One that has InferencePool as it was before v1. */
export const FORMER_INFERENCE_POOL: Module = {
  path: 'sigs.k8s.io/gateway-api-inference-extension',
  version: 'v1.3.0',
  sum: 'h1:Ng2Qs1Oum4WycuWyi3rOkAC7pZ2aDqgN2ku6Lr/mryQ=',
};

/** The last one that has InferenceModel. */
export const INFERENCE_MODEL: Module = {
  path: 'sigs.k8s.io/gateway-api-inference-extension',
  version: 'v0.5.1',
  sum: 'h1:OMpt4gKlPWkD+h5kHcZZVh4926kix2DSBPI7X5ntuCA=',
};

/** The multi-cluster services API, for ServiceImports. */
export const MULTICLUSTER_SERVICES: Module = {
  path: 'sigs.k8s.io/mcs-api',
  version: 'v0.5.2',
  sum: 'h1:N+vrRiCIb0WJ0dxbBo7VfNv2WJigOHEo4gsLXpffVs8=',
};

/** Kubernetes, for the core kinds that we read. */
export const KUBERNETES: Module = {
  path: 'k8s.io/kubernetes',
  version: 'v1.36.3',
  sum: 'h1:qDQdoMiluAE2Eab6Fa52YV+WjiGz9mZFFoagEA6cI+o=',
};
