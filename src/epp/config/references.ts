import { pluginTypeOf } from '../scheduling/plugins/registry.ts';
import type { ConfiguredPlugins } from './configured-plugins.ts';
import { suggestion } from './nearest.ts';
import { clipped, type ConfigProblem, type Reference } from './place.ts';

/** Kinds of plugins that may be named by their type without being configured. */
const kindsByType: ReadonlySet<string> = new Set(['parser', 'saturation-detector', 'fairness-policy', 'ordering-policy', 'usage-limit-policy']);

/** Checks that every name leads to a plugin of a kind that fits there; adds plugins that may be named by their type. */
export function resolve(references: readonly Reference[], plugins: ConfiguredPlugins): void {
  for (const { place, name, kinds } of references) {
    const type = pluginTypeOf.get(name);
    const fits = (found: readonly string[]) => found.some((kind) => kinds.includes(kind));
    const found = plugins.get(name);
    if (found !== undefined) {
      if (!fits(found.type.kinds)) place.error(`"${clipped(name)}" is of type ${found.type.type}, which is not a ${kinds.join(' or ')}`);
    } else if (type !== undefined && fits(type.kinds) && type.kinds.some((kind) => kindsByType.has(kind))) {
      plugins.add(name);
    } else if (type !== undefined && fits(type.kinds)) {
      place.error(`there is no plugin "${clipped(name)}"; add "- type: ${name}" to plugins`);
    } else if (!plugins.isBroken(name)) {
      const names = plugins.all.filter(({ type }) => fits(type.kinds)).map((plugin) => plugin.name);
      place.error(`there is no plugin "${clipped(name)}"${suggestion(name, names)}`);
    }
  }
}

/** Problems with their lines, in the order of the text. Lines are told from 1. */
export function inOrderOfLines(problems: readonly ConfigProblem[], lineOf: (field: string) => number): (ConfigProblem & { readonly line: number })[] {
  return problems.map((problem) => ({ ...problem, line: lineOf(problem.path) + 1 })).sort((a, b) => a.line - b.line);
}
