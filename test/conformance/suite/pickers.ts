import type { ImageContent } from '../../cluster/images/archive.ts';
import type { ImageSource } from '../../cluster/images/catalog.ts';
import { ensureArchive } from '../../cluster/images/image.ts';
import { moongateContent } from '../../cluster/images/moongate.ts';
import { ensureProgram } from '../../cluster/tools/ensure.ts';
import type { Progress } from '../../cluster/tools/ensure.ts';
import { testingPicker, upstreamPicker } from '../../cluster/tools/inference-recipes.ts';

/** The name by which the suite of the Inference Extension asks for its endpoint picker. */
const imageName = 'registry.k8s.io/gateway-api-inference-extension/lwepp:v1.6.0';

/** What the tests ask of a picker: to pick whom a header names, and to tell in another who it was that answered. */
const configuration = JSON.stringify({
  apiVersion: 'inference.networking.x-k8s.io/v1alpha1',
  kind: 'EndpointPickerConfig',
  plugins: [{ type: 'header-based-testing-filter' }, { type: 'destination-endpoint-served-verifier' }, { type: 'random-picker' }, { type: 'single-profile-handler' }],
  schedulingProfiles: [{ name: 'default', plugins: [{ pluginRef: 'header-based-testing-filter' }, { pluginRef: 'random-picker' }] }],
});

/** A program that plays the part of the suite's endpoint picker. */
interface Picker {
  /** What it is, for readers of a report. */
  readonly about: string;
  /** Its entry point takes arguments of the suite's manifests, which say which pool it serves. */
  readonly content: (onProgress: Progress) => Promise<Pick<ImageContent, 'layers' | 'config'>>;
}

export type PickerName = 'upstream' | 'lwepp' | 'moongate';

/**
 * `lwepp` is the suite's own. It answers each piece of a body with an empty message, where the protocol's full-duplex mode has it give the body back: what
 * has a body fails at any gateway that goes by the protocol. Upstream's full picker, which earlier versions of the suite ran, does it right.
 */
export const pickers: Readonly<Record<PickerName, Picker>> = {
  upstream: {
    about: `upstream's endpoint picker ${upstreamPicker.version}`,
    content: async (onProgress) => single('/epp', await ensureProgram(upstreamPicker, 'epp', onProgress), ['--config-text', configuration]),
  },
  lwepp: {
    about: `the suite's own, lwepp ${testingPicker.version}`,
    content: async (onProgress) => single('/lwepp', await ensureProgram(testingPicker, 'lwepp', onProgress), []),
  },
  moongate: {
    about: 'our own',
    content: async (onProgress) => {
      const { layers, config } = await moongateContent(onProgress);
      return { layers, config: { ...config, entrypoint: [...config.entrypoint, 'epp', '--config-text', configuration] } };
    },
  },
};

/** An endpoint picker under the name of the suite's. */
export function pickerImage(name: PickerName): ImageSource {
  return async (onProgress) => ensureArchive(`suite-picker-${name}`, { names: [imageName], ...(await pickers[name].content(onProgress)) }, onProgress);
}

function single(path: string, program: string, args: readonly string[]): Pick<ImageContent, 'layers' | 'config'> {
  return { layers: [[{ path, from: program }]], config: { entrypoint: [path, ...args], workingDir: '/' } };
}
