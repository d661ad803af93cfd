/** Plugins that add to answers. */
import { pluginType } from '../../plugin-type.ts';

export const responsePlugins = [
  pluginType({
    type: 'destination-endpoint-served-verifier',
    kinds: ['response-plugin'],
    about: 'For tests only: tells the client in the header `x-conformance-test-served-endpoint` which server the proxy says has answered.',
    parameters: {},
  }),
];
