/** Filters by what a Pod's server is for: one stage of disaggregated serving, or several. */
import { keep } from '../../keep.ts';
import { pluginType, type PluginType } from '../../plugin-type.ts';
import { labelled } from './by-label.ts';

const roleLabel = 'llm-d.ai/role';

function roleFilter(stage: string, roles: readonly string[], orNone: boolean): PluginType {
  return pluginType({
    type: `${stage}-filter`,
    kinds: ['filter'],
    about: `Keeps servers that can ${stage}: label \`${roleLabel}\` is ${roles.map((role) => `\`${role}\``).join(', ')}${orNone ? ', or missing' : ''}.`,
    parameters: {},
    create: () => {
      const passes = labelled(roleLabel, roles, orNone);
      return { filter: (_, candidates) => keep(candidates, passes) };
    },
  });
}

export const decodeFilter = roleFilter('decode', ['decode', 'prefill-decode', 'both', 'encode-prefill-decode'], true);
export const prefillFilter = roleFilter('prefill', ['prefill', 'encode-prefill', 'prefill-decode', 'both', 'encode-prefill-decode'], false);
export const encodeFilter = roleFilter('encode', ['encode', 'encode-prefill', 'encode-prefill-decode'], false);
