import { leftOut } from '../scheduling/plugins/left-out.ts';
import { pluginTypeOf } from '../scheduling/plugins/registry.ts';
import type { PluginKind, PluginType } from '../scheduling/plugin-type.ts';
import type { ConfiguredPlugin } from './endpoint-picker-config.ts';
import { readFields } from './fields.ts';
import { suggestion } from './nearest.ts';
import { clipped, type Place } from './place.ts';

interface WrittenPlugin {
  readonly name: string | undefined;
  readonly type: string;
  readonly parameters: unknown;
}

/** Plugins by name: those that are configured, and those that are added because others need them. */
export class ConfiguredPlugins {
  readonly #byName = new Map<string, ConfiguredPlugin>();
  /** Names of plugins of which the type is not known; what refers to them is not wrong. */
  readonly #broken = new Set<string>();
  /** Where automatic plugins report; nothing should be wrong with defaults. */
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  get all(): readonly ConfiguredPlugin[] {
    return [...this.#byName.values()];
  }

  get(name: string): ConfiguredPlugin | undefined {
    return this.#byName.get(name);
  }

  isBroken(name: string): boolean {
    return this.#broken.has(name);
  }

  of(kind: PluginKind): readonly ConfiguredPlugin[] {
    return this.all.filter(({ type }) => type.kinds.includes(kind));
  }

  /** Reads one entry of `plugins`. */
  read(written: WrittenPlugin, place: Place, allowExperimental: boolean): void {
    if (written.type === '') return;
    const name = written.name === undefined || written.name === '' ? written.type : written.name;
    const type = knownType(written.type, place.at('type'));
    if (type === undefined) {
      this.#broken.add(name);
      return;
    }
    if (type.deprecated !== undefined) place.at('type').warn(`"${type.type}" is deprecated: ${type.deprecated}`);
    if (type.alpha && !allowExperimental) place.at('type').error(`"${type.type}" is alpha: it needs --allow-experimental-plugins`);
    const values = valuesOf(type, written.parameters, place.at('parameters'));
    if (this.#byName.has(name)) place.at(written.name === undefined ? 'type' : 'name').error(`a plugin named "${clipped(name)}" is there already`);
    else this.#byName.set(name, { name, type, values, automatic: false });
  }

  /** Adds a plugin of this type under its name, unless there is one. */
  add(typeName: string, parameters?: unknown): string {
    const type = pluginTypeOf.get(typeName);
    if (type === undefined) throw new Error(`there is no plugin type "${typeName}"`);
    if (!this.#byName.has(typeName)) this.#byName.set(typeName, { name: typeName, type, values: valuesOf(type, parameters, this.#place), automatic: true });
    return typeName;
  }

  /** Adds data producers that plugins need, and what these need in turn. */
  addProducers(): void {
    // A map hands out what is added while it is walked.
    for (const { type, values } of this.#byName.values()) {
      for (const needed of type.needs(values)) if (!this.#byName.has(needed) && pluginTypeOf.has(needed)) this.add(needed);
    }
  }

  /** In an order in which each comes after those that it needs or names. */
  inOrder(namedBy: (plugin: ConfiguredPlugin) => readonly string[]): readonly ConfiguredPlugin[] {
    const ordered = new Set<ConfiguredPlugin>();
    const open = new Set<ConfiguredPlugin>();
    const place = (plugin: ConfiguredPlugin | undefined): void => {
      if (plugin === undefined || ordered.has(plugin) || open.has(plugin)) return;
      open.add(plugin);
      for (const name of [...plugin.type.needs(plugin.values), ...namedBy(plugin)]) place(this.#byName.get(name));
      ordered.add(plugin);
    };
    for (const plugin of this.#byName.values()) place(plugin);
    return [...ordered];
  }
}

function knownType(name: string, place: Place): PluginType | undefined {
  const type = pluginTypeOf.get(name);
  if (type !== undefined) return type;
  if (Object.hasOwn(leftOut, name)) place.error(`"${name}" is not supported: ${leftOut[name]}`);
  else place.error(`unknown plugin type "${clipped(name)}"${suggestion(name, pluginTypeOf.keys())}`);
  return undefined;
}

function valuesOf(type: PluginType, parameters: unknown, place: Place): ConfiguredPlugin['values'] {
  const before = place.findings.errors.length;
  const values = readFields(type.parameters, parameters, place);
  // Rules about values that could not be read say nothing new.
  if (place.findings.errors.length === before) type.check(values, place);
  return values;
}
