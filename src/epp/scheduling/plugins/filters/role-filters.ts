/** Filters by what a Pod's server is for: one stage of disaggregated serving, or several. */
import type { Endpoint } from '../../../endpoints/endpoint.ts';
import { keep } from '../../keep.ts';
import type { Stage } from '../../plugin.ts';
import { pluginType, type PluginType } from '../../plugin-type.ts';
import { labelled } from './by-label.ts';

const roleLabel = 'llm-d.ai/role';

const roles: Readonly<Record<Stage, readonly string[]>> = {
  decode: ['decode', 'prefill-decode', 'both', 'encode-prefill-decode'],
  prefill: ['prefill', 'encode-prefill', 'prefill-decode', 'both', 'encode-prefill-decode'],
  encode: ['encode', 'encode-prefill', 'encode-prefill-decode'],
};

/** Whether a server may do the work of a stage. One without a role does all of it, as whoever decodes does when nobody else is there. */
export const plays: Readonly<Record<Stage, (endpoint: Endpoint) => boolean>> = {
  decode: labelled(roleLabel, roles.decode, true),
  prefill: labelled(roleLabel, roles.prefill, false),
  encode: labelled(roleLabel, roles.encode, false),
};

function roleFilter(stage: Stage): PluginType {
  return pluginType({
    type: `${stage}-filter`,
    kinds: ['filter'],
    about: `Keeps servers that can ${stage}: label \`${roleLabel}\` is ${roles[stage].map((role) => `\`${role}\``).join(', ')}${stage === 'decode' ? ', or missing' : ''}.`,
    parameters: {},
    create: () => ({ filter: (_, candidates) => keep(candidates, plays[stage]) }),
  });
}

export const decodeFilter = roleFilter('decode');
export const prefillFilter = roleFilter('prefill');
export const encodeFilter = roleFilter('encode');
