import type { FeatureGates } from './endpoint-picker-config.ts';
import { suggestion } from './nearest.ts';
import { clipped, type Place } from './place.ts';

const defaults: FeatureGates = { flowControl: false, haPopulateNonLeaderDatastore: true };

/** Gates of what is always on by now. */
const former = ['dataLayer', 'prepareDataPlugins', 'experimentalDatalayer', 'experimentalPrepareDataPlugins'];

/** Reads `name`, `name=true` and `name=false`; the last one of a name counts. */
export function readFeatureGates(written: readonly string[], place: Place): FeatureGates {
  const gates: Record<keyof FeatureGates, boolean> = { ...defaults };
  written.forEach((text, i) => {
    const [name = '', value = 'true'] = text.split('=', 2).map((part) => part.trim());
    const on = { true: true, t: true, 1: true, false: false, f: false, 0: false }[value.toLowerCase()];
    if (former.includes(name)) place.at(i).warn(`"${name}" is not a feature gate any more, and always on`);
    else if (!Object.hasOwn(defaults, name)) place.at(i).error(`unknown feature gate "${clipped(name)}"${suggestion(name, Object.keys(defaults))}`);
    else if (on === undefined) place.at(i).error(`must be ${name}=true or ${name}=false, not "${clipped(text)}"`);
    else gates[name as keyof FeatureGates] = on;
  });
  return gates;
}
