import type { ImageSource } from '../../cluster/images/catalog.ts';
import type { Recipe } from '../../cluster/tools/recipe.ts';
import { suiteCoreDns } from './core-dns.ts';
import { pickerImage } from './pickers.ts';
import type { PickerName } from './pickers.ts';
import { GATEWAY_API, gatewaySuite, INFERENCE_EXTENSION, INFERENCE_GATEWAY_API_VERSION, INFERENCE_SUITE_VERSION, inferenceSuite, SUITE_VERSION } from './recipe.ts';

/** An official conformance suite, as far as suites differ. */
export interface Suite {
  readonly name: SuiteName;
  /** What it is the suite of. */
  readonly about: string;
  /** What runs it. */
  readonly command: string;
  readonly version: string;
  readonly recipe: Recipe;
  /** The module in which the manifests of its tests are, with the version. */
  readonly module: string;
  /** Its profiles for gateways. */
  readonly profiles: readonly string[];
  /** The version of the Gateway API that it insists on. */
  readonly gatewayApi: string;
  /** CRDs beside those of the Gateway API: files in folders of modules. */
  readonly definitions: readonly DefinitionFolder[];
  /** Implementations that may be run in our place. */
  readonly peers: readonly PeerName[];
  /** What may play the part of its endpoint picker; the first does unless it is told otherwise. */
  readonly pickers: readonly PickerName[];
  /** Images that its manifests ask for and a cluster does not have anyway. */
  readonly images: (picker: PickerName | undefined) => readonly ImageSource[];
}

export type SuiteName = 'gateway' | 'inference';

export type PeerName = 'envoy-gateway';

/** CRDs in a folder of a module. */
export interface DefinitionFolder {
  /** With the version. */
  readonly module: string;
  readonly folder: string;
}

/** By what `--suite` names them. */
export const suites: Readonly<Record<SuiteName, Suite>> = {
  gateway: {
    name: 'gateway',
    about: 'the Gateway API',
    command: 'npm run conformance',
    version: SUITE_VERSION,
    recipe: gatewaySuite,
    module: `${GATEWAY_API}/conformance@${SUITE_VERSION}`,
    // The others are for meshes.
    profiles: ['GATEWAY-HTTP', 'GATEWAY-GRPC', 'GATEWAY-TLS', 'GATEWAY-TCP', 'GATEWAY-UDP'],
    gatewayApi: SUITE_VERSION,
    definitions: [],
    peers: ['envoy-gateway'],
    pickers: [],
    images: () => [suiteCoreDns],
  },
  inference: {
    name: 'inference',
    about: "the Gateway API's Inference Extension",
    command: 'npm run conformance:inference',
    version: INFERENCE_SUITE_VERSION,
    recipe: inferenceSuite,
    module: `${INFERENCE_EXTENSION}/conformance@${INFERENCE_SUITE_VERSION}`,
    profiles: ['Gateway'],
    gatewayApi: INFERENCE_GATEWAY_API_VERSION,
    definitions: [{ module: `${INFERENCE_EXTENSION}@${INFERENCE_SUITE_VERSION}`, folder: 'config/crd/bases' }],
    peers: [],
    pickers: ['upstream', 'lwepp', 'moongate'],
    images: (picker) => (picker === undefined ? [] : [pickerImage(picker)]),
  },
};
