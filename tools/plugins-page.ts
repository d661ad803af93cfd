/** Writes docs/endpoint-picker-plugins.md from the tables of the plugins: `node tools/plugins-page.ts`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultConfigText } from '../src/epp/config/default-config.ts';
import type { Fields } from '../src/epp/config/fields.ts';
import { leftOut } from '../src/epp/scheduling/plugins/left-out.ts';
import { pluginTypes } from '../src/epp/scheduling/plugins/registry.ts';
import type { PluginKind, PluginType } from '../src/epp/scheduling/plugin-type.ts';

export const pluginsPagePath = 'docs/endpoint-picker-plugins.md';

const sections: readonly (readonly [title: string, kinds: readonly PluginKind[]])[] = [
  ['Scorers', ['scorer']],
  ['Filters', ['filter']],
  ['Pickers', ['picker']],
  ['Profile handlers', ['profile-handler']],
  ['Deciders', ['decider']],
  ['Data producers', ['data-producer']],
  ['Saturation detectors', ['saturation-detector']],
  ['Flow control', ['fairness-policy', 'ordering-policy', 'usage-limit-policy', 'eviction-filter', 'eviction-order-policy', 'admitter']],
  ['Parsers', ['parser']],
  ['Data layer', ['data-source', 'extractor', 'discovery']],
  ['For tests', ['response-plugin']],
];

const introduction = `# Plugins of the endpoint picker

<!-- Written by tools/plugins-page.ts from the tables in src/epp/scheduling/plugins; do not edit. -->

How a model server is chosen is up to an \`EndpointPickerConfig\`, as the upstream picker has it: \`apiVersion: llm-d.ai/v1alpha1\`, or the former
\`inference.networking.x-k8s.io/v1alpha1\`. Reading it is strict: a field, a plugin type or a parameter that is not known is an error with its place and what
was probably meant, and all errors are told at once. Without a configuration this one counts:

\`\`\`yaml
${defaultConfigText}\`\`\`

For each request the data producers run, then the profiles that the profile handler asks for. In a profile the filters run in order, each server
left gets the sum of weight × score over all scorers (scores are from 0 to 1), and the picker takes one by these totals. Plugins that others need are added: a profile
handler when there is one profile, a picker, a saturation detector, parsers, data producers, the metrics of the servers.

**What was sent since the last scrape counts.** Metrics of servers are some hundred milliseconds old. Scorers and filters add the requests that have been sent since, and
subtract those that have ended; a server's KV cache is taken to fill with their prompts. A burst of equal requests spreads evenly, also when one server has
their prompt cached. When nothing was sent since the scrape, scores are exactly those of the upstream picker.

**With the feature gate \`flowControl\`** requests wait in the picker while the servers of the pool are full, the highest priority first, and are answered with 429 or 503
when too many wait, or for too long (\`x-llm-d-request-dropped-reason\`). Without it, requests of a priority below 0 are turned away while the pool is full. What is better on purpose:

- Nothing is looked for by the clock: an end, new metrics or a new server lets the next request go in the same turn. Requests expire to the millisecond.
- Of a burst no more requests are let in than servers are thought to take: what was just sent counts as load, placed or not. Between two scrapes an idle server gets 20 by default.
- Servers that have nothing to do are asked for metrics less often, and do not count as full for that: only late metrics are stale.
- \`program-aware-fairness\` charges a flow for prompts when they are dispatched, not when they are answered, so a flow that sends many at once is not taken for one that was not served.
- Nobody is evicted while a pool is full only because nothing is heard of its servers.

*Alpha* plugins need \`--allow-experimental-plugins\`.
`;

export function pluginsPage(): string {
  const placed = new Set<PluginType>();
  const parts = sections.map(([title, kinds]) => {
    const types = pluginTypes.filter((type) => !placed.has(type) && type.kinds.some((kind) => kinds.includes(kind)));
    // A detector is a filter as well, and is told of once.
    const here = title === 'Filters' ? types.filter(({ kinds: all }) => !all.includes('saturation-detector')) : types;
    for (const type of here) placed.add(type);
    return `## ${title}\n\n${here.map(describe).join('\n')}`;
  });
  const missing = pluginTypes.filter((type) => !placed.has(type));
  if (missing.length > 0) throw new Error(`no section for ${missing.map(({ type }) => type).join(', ')}`);
  const left = Object.entries(leftOut).map(([type, reason]) => `| \`${type}\` | ${reason} |`);
  return `${introduction}\n${parts.join('\n')}\n## Left out\n\nNaming one of these is an error with the reason.\n\n| type | why |\n|---|---|\n${left.join('\n')}\n`;
}

function describe({ type, about, parameters, alpha, deprecated, kinds }: PluginType): string {
  const marks = [...(alpha ? ['alpha'] : []), ...(kinds.includes('filter') && kinds.length > 1 ? ['filter, too'] : []), ...(deprecated === undefined ? [] : [`deprecated: ${deprecated}`])];
  const rows = rowsOf(parameters);
  const table = rows.length === 0 ? '' : `\n| parameter | type | default | |\n|---|---|---|---|\n${rows.join('\n')}\n`;
  return `### ${type}\n\n${marks.length === 0 ? '' : `*${marks.join('; ')}.* `}${about}\n${table}`;
}

function rowsOf(fields: Fields, prefix = ''): string[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    const isList = field.type.startsWith('list');
    const defaultText = field.required ? 'required' : field.defaultText === undefined || isList ? '' : `\`${field.defaultText}\``;
    const about = field.deprecated === undefined ? field.about : `${field.about}; deprecated: ${field.deprecated}`;
    return [`| \`${prefix}${name}\` | ${field.type} | ${defaultText} | ${about} |`, ...rowsOf(field.fields ?? {}, `${prefix}${name}${isList ? '[].' : '.'}`)];
  });
}

if (process.argv[1] === import.meta.filename) writeFileSync(join(import.meta.dirname, '..', pluginsPagePath), pluginsPage());
