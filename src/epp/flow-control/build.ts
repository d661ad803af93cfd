import type { EndpointPickerConfig } from '../config/endpoint-picker-config.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import type { Scheduling } from '../scheduling/build.ts';
import type { Plugin, SaturationDetector } from '../scheduling/plugin.ts';
import type { PluginKind } from '../scheduling/plugin-type.ts';
import type { Entrance } from './admission.ts';
import { FlowController, type FlowControllerOptions } from './flow-controller.ts';
import { LegacyEntrance } from './legacy-entrance.ts';
import type { EvictionFilter, EvictionOrderPolicy, FairnessPolicy, OrderingPolicy, UsageLimitPolicy } from './policy.ts';
import { PoolSaturation } from './pool-saturation.ts';
import type { EvictionOptions } from './reclamation.ts';
import { systemTimers } from './timers.ts';

interface Surroundings extends Partial<Pick<FlowControllerOptions, 'timers' | 'listener' | 'failed'>> {
  /** Of the pool: the same list until an endpoint comes or goes. */
  readonly endpoints: () => readonly Endpoint[];
  /** Milliseconds between two looks at the metrics of a busy server. */
  readonly scrapeMs: number;
}

/** Milliseconds until metrics that were just read count, on top of the time between two of them. */
const settlingMs = 250;
/** The same where load is counted here. */
const countedMs = 10;

/** The entrance of a pool: flow control with the gate `flowControl`, else one that lets nobody wait. `scheduling` is that of this pool, as policies have state. */
export function buildEntrance(config: EndpointPickerConfig, scheduling: Scheduling, surroundings: Surroundings): FlowController | LegacyEntrance {
  const { timers = systemTimers, endpoints } = surroundings;
  const { saturationDetector: detector } = scheduling;
  if (!config.featureGates.flowControl) return new LegacyEntrance(detector, () => timers.now()) satisfies Entrance;
  const named = (name: string): Plugin => {
    const plugin = scheduling.plugins.get(name);
    if (plugin === undefined) throw new Error(`plugin "${name}" was not made`);
    return plugin;
  };
  const first = (kind: PluginKind): Plugin => named(config.plugins.find(({ type }) => type.kinds.includes(kind))?.name ?? kind);
  const eviction = (): EvictionOptions => ({
    filter: first('eviction-filter') as EvictionFilter,
    order: first('eviction-order-policy') as EvictionOrderPolicy,
    graceMs: graceMs(detector, surroundings.scrapeMs),
  });
  return new FlowController({
    ...surroundings,
    config: config.flowControl,
    policies: ({ fairnessPolicy, orderingPolicy }) => ({ fairness: named(fairnessPolicy) as FairnessPolicy, ordering: named(orderingPolicy) as OrderingPolicy }),
    usageLimit: named(config.flowControl.usageLimitPolicy) as UsageLimitPolicy,
    saturation: new PoolSaturation(detector, endpoints),
    timers,
    ...(config.flowControl.enableEviction && { eviction: eviction() }),
  });
}

/** How long it takes to be seen that a request is not at its server any more. */
function graceMs({ stalenessMs }: SaturationDetector, scrapeMs: number): number {
  return stalenessMs === undefined ? countedMs : scrapeMs + stalenessMs + settlingMs;
}
