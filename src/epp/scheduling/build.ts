import { defaultTokenCost, type TokenCost } from '../endpoints/token-cost.ts';
import type { ConfiguredPlugin, ConfiguredProfile, EndpointPickerConfig } from '../config/endpoint-picker-config.ts';
import type { Admitter, DataProducer, Filter, Observer, Picker, Plugin, SaturationDetector, Scorer } from './plugin.ts';
import type { PluginContext, PluginKind } from './plugin-type.ts';
import type { ProfileHandler } from './profile-handler.ts';
import { Profile, type WeightedScorer } from './profile.ts';
import { Scheduler } from './scheduler.ts';

interface Surroundings {
  /** From 0 up to 1, without 1. */
  readonly random: () => number;
  readonly prefixIndex: PluginContext['prefixIndex'];
  readonly sleep: (ms: number) => Promise<unknown>;
  /** Told when a data producer fails. */
  readonly failed?: (producer: Plugin, reason: string) => void;
  /** Makes plugins that are carried out elsewhere; undefined: nobody does. */
  readonly make?: (plugin: ConfiguredPlugin) => Plugin | undefined;
}

export interface Scheduling {
  readonly scheduler: Scheduler;
  readonly saturationDetector: SaturationDetector;
  /** How `Account` counts tokens. */
  readonly tokenCost: TokenCost;
  /** All plugins that were made, by name. */
  readonly plugins: ReadonlyMap<string, Plugin>;
}

/** Makes the plugins of a configuration, and a scheduler of them. State is of one pool: make one for each. */
export function buildScheduling(config: EndpointPickerConfig, surroundings: Surroundings): Scheduling {
  const made = new Map<string, { readonly plugin: Plugin; readonly kinds: readonly PluginKind[] }>();
  const named = (name: string, kind?: PluginKind): Plugin => {
    const found = made.get(name);
    if (found === undefined || (kind !== undefined && !found.kinds.includes(kind))) throw new Error(`plugin "${name}" was not made, or is no ${kind ?? 'plugin'}`);
    return found.plugin;
  };
  const context = { random: surroundings.random, prefixIndex: surroundings.prefixIndex, plugin: (name: string) => named(name) };
  for (const configured of config.plugins) {
    const { name, type, values } = configured;
    const plugin = type.create?.(values, { ...context, name }) ?? surroundings.make?.(configured);
    if (plugin !== undefined) made.set(name, { plugin, kinds: type.kinds });
  }
  const plugins = [...made.values()];
  const scheduler = new Scheduler({
    producers: plugins.filter(({ kinds }) => kinds.includes('data-producer')).map(({ plugin }) => plugin as DataProducer),
    admitters: plugins.filter(({ kinds }) => kinds.includes('admitter')).map(({ plugin }) => plugin as Admitter),
    handler: named(config.profileHandler, 'profile-handler') as ProfileHandler,
    profiles: config.profiles.map((profile) => profileOf(profile, made)),
    observers: plugins.map(({ plugin }) => plugin as Observer).filter(hears),
    sleep: surroundings.sleep,
    ...(surroundings.failed === undefined ? {} : { failed: surroundings.failed }),
  });
  return {
    scheduler,
    saturationDetector: named(config.saturationDetector, 'saturation-detector') as SaturationDetector,
    tokenCost: tokenCostOf(config),
    plugins: new Map(plugins.map(({ plugin }) => [plugin.name, plugin])),
  };
}

function profileOf({ name, plugins }: ConfiguredProfile, made: ReadonlyMap<string, { readonly plugin: Plugin; readonly kinds: readonly PluginKind[] }>): Profile {
  const filters: Filter[] = [];
  const scorers: WeightedScorer[] = [];
  let picker: Picker | undefined;
  for (const { name: wanted, weight } of plugins) {
    const { plugin, kinds = [] } = made.get(wanted) ?? {};
    if (kinds.includes('filter')) filters.push(plugin as Filter);
    if (kinds.includes('scorer')) scorers.push({ scorer: plugin as Scorer, weight });
    if (kinds.includes('picker')) picker = plugin as Picker;
  }
  if (picker === undefined) throw new Error(`profile "${name}" has no picker`);
  return new Profile({ name, filters, scorers, picker });
}

function hears(plugin: Observer): boolean {
  return (['picked', 'responded', 'ended', 'removed', 'responseHeaders'] as const).some((method) => method in plugin);
}

function tokenCostOf({ plugins }: EndpointPickerConfig): TokenCost {
  const producer = plugins.find(({ type }) => type.kinds.includes('in-flight-load-producer'));
  // The values are those that the fields of this type read.
  return producer === undefined ? defaultTokenCost : (producer.values as unknown as TokenCost);
}
