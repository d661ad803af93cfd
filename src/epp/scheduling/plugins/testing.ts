import { readFields } from '../../config/fields.ts';
import { Place } from '../../config/place.ts';
import { testPrefixIndex, testRandom } from '../../testing.ts';
import type { Decision, Filter, Picker, Plugin, Scorer } from '../plugin.ts';
import type { Endpoint } from '../../endpoints/endpoint.ts';
import type { PluginType } from '../plugin-type.ts';

/** Makes a plugin with these parameters, or throws what is wrong with them. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows what kind of plugin it makes
export function made<P extends Plugin>(type: PluginType, parameters: unknown = {}, { random = testRandom(), plugins = {} }: { random?: () => number; plugins?: Readonly<Record<string, Plugin>> } = {}): P {
  const place = new Place();
  const values = readFields(type.parameters, parameters, place);
  if (place.findings.errors.length === 0) type.check(values, place);
  if (place.findings.errors.length > 0) throw new Error(place.findings.errors.map(({ path, message }) => `${path}: ${message}`).join('\n'));
  const plugin = type.create?.(values, {
    name: type.type,
    random,
    prefixIndex: testPrefixIndex,
    plugin: (name) => {
      const found = plugins[name];
      if (found === undefined) throw new Error(`no plugin ${name}`);
      return found;
    },
  });
  if (plugin === undefined) throw new Error(`${type.type} is not made here`);
  return plugin as P;
}

/** Scores to four digits. */
export function scored(scorer: Scorer, decision: Decision, candidates: readonly Endpoint[]): number[] {
  const scores = new Float64Array(candidates.length + 3).fill(-7);
  scorer.score(decision, candidates, scores);
  return [...scores.subarray(0, candidates.length)].map((score) => Math.round(score * 1e4) / 1e4);
}

/** Slots of what a filter keeps. */
export function filtered(filter: Filter, decision: Decision, candidates: readonly Endpoint[]): number[] {
  return filter.filter(decision, candidates).map(({ slot }) => slot);
}

/** Slots of what a picker picks. */
export function picks(picker: Picker, decision: Decision, candidates: readonly Endpoint[], totals: readonly number[]): number[] {
  return picker.pick(decision, candidates, Float64Array.from(totals)).map(({ slot }) => slot);
}
