import type { Fields, Values } from '../config/fields.ts';
import type { Place } from '../config/place.ts';
import type { EvictionFilter, EvictionOrderPolicy, FairnessPolicy, OrderingPolicy, UsageLimitPolicy } from '../flow-control/policy.ts';
import type { PrefixIndex } from '../prefix/prefix-index.ts';
import type { Admitter, DataProducer, Decider, Filter, Observer, Picker, Plugin, SaturationDetector, Scorer } from './plugin.ts';
import type { ProfileHandler } from './profile-handler.ts';

/** Places in which a plugin may be used. A plugin may have several. */
export type PluginKind =
  | 'filter'
  | 'scorer'
  | 'picker'
  | 'profile-handler'
  | 'decider'
  | 'saturation-detector'
  | 'data-producer'
  /** What a data producer finds out. */
  | 'prefix-match-producer'
  | 'in-flight-load-producer'
  | 'latency-prediction-producer'
  | 'session-id-producer'
  | 'token-producer'
  /** Of flow control. */
  | 'fairness-policy'
  | 'ordering-policy'
  | 'usage-limit-policy'
  | 'eviction-filter'
  | 'eviction-order-policy'
  | 'admitter'
  /** Plugins that are declared here, and carried out elsewhere. */
  | 'parser'
  | 'data-source'
  | 'extractor'
  | 'discovery'
  | 'peer-discovery'
  | 'cross-replica-syncer'
  | 'response-plugin';

/** What plugins are made with. */
export interface PluginContext {
  /** From 0 up to 1, without 1. */
  readonly random: () => number;
  /** A plugin that these parameters name; it was made before. */
  readonly plugin: (name: string) => Plugin;
  /** A place to remember which server has which prompts, with the parameters of the producer that asks. */
  readonly prefixIndex: (settings: PrefixIndexSettings) => Pick<PrefixIndex, 'match' | 'add' | 'removeEndpoint'>;
}

export interface PrefixIndexSettings {
  /** Name of the producer. */
  readonly name: string;
  readonly autoTune: boolean;
  /** Prompts' prefixes that are remembered of one server, in blocks, as long as it does not say how many it has. */
  readonly blocksPerServer: number;
}

/** What the scheduler and flow control call of a plugin; each has what its kinds ask for. */
export type Made = Partial<MadeForScheduling & MadeForFlowControl>;

type MadeForScheduling = Unnamed<Filter> & Unnamed<Scorer> & Unnamed<Picker> & Unnamed<ProfileHandler> & Unnamed<Decider> & Unnamed<DataProducer> & Unnamed<Observer> & Unnamed<SaturationDetector> & Unnamed<Admitter>;
type MadeForFlowControl = Unnamed<FairnessPolicy> & Unnamed<OrderingPolicy> & Unnamed<UsageLimitPolicy> & Unnamed<EvictionFilter> & Unnamed<EvictionOrderPolicy>;

type Unnamed<P> = Omit<P, keyof Plugin>;

interface Definition<F extends Fields> {
  readonly type: string;
  readonly kinds: readonly PluginKind[];
  /** A sentence or two, for the documentation. */
  readonly about: string;
  readonly parameters: F;
  /** Needs `--allow-experimental-plugins`, as upstream. */
  readonly alpha?: true;
  /** What to use instead. */
  readonly deprecated?: string;
  /** Rules that concern several parameters. */
  readonly check?: (values: Values<F>, place: Place) => void;
  /** Data producers that this plugin reads, by name. One that is not configured, and has the name of its type, is added. */
  readonly needs?: (values: Values<F>) => readonly string[];
  /** Of a profile handler: what is wrong with the scheduling profiles that there are. */
  readonly checkProfiles?: (values: Values<F>, profiles: ReadonlySet<string>) => string | undefined;
  /** Missing: carried out elsewhere. */
  readonly create?: (values: Values<F>, context: PluginContext & { readonly name: string }) => Made;
}

/** One type of plugins: what configurations may say of it, and how one is made. */
export interface PluginType {
  readonly type: string;
  readonly kinds: readonly PluginKind[];
  readonly about: string;
  readonly parameters: Fields;
  readonly alpha: boolean;
  readonly deprecated: string | undefined;
  readonly check: (values: Values<Fields>, place: Place) => void;
  readonly needs: (values: Values<Fields>) => readonly string[];
  readonly checkProfiles: (values: Values<Fields>, profiles: ReadonlySet<string>) => string | undefined;
  readonly create: ((values: Values<Fields>, context: PluginContext & { readonly name: string }) => Plugin) | undefined;
}

/** Declares a type of plugins. */
export function pluginType<const F extends Fields>(definition: Definition<F>): PluginType {
  const { type, kinds, about, parameters, alpha = false, deprecated, check, needs, checkProfiles, create } = definition;
  // The values are those that the fields of this very definition read.
  const own = (values: Values<Fields>) => values as Values<F>;
  return {
    type,
    kinds,
    about,
    parameters,
    alpha,
    deprecated,
    check: (values, place) => check?.(own(values), place),
    needs: (values) => needs?.(own(values)) ?? [],
    checkProfiles: (values, profiles) => checkProfiles?.(own(values), profiles),
    create: create && ((values, context) => Object.assign(create(own(values), context), { name: context.name, type })),
  };
}
