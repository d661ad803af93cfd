import type { FlowControlConfig, PriorityBandTemplate } from './endpoint-picker-config.ts';
import type { Values } from './fields.ts';
import type { Place } from './place.ts';
import type { configFields } from './schema.ts';

type Written = Values<typeof configFields>['flowControl'];
type WrittenBand = Written['priorityBands'][number];

const defaultTtlMs = 60_000;

/** Upstream takes 0 for "nothing was said". */
function bandOf(written: WrittenBand | undefined): PriorityBandTemplate {
  return {
    maxBytes: (written?.maxBytes ?? 0) || 1_000_000_000,
    maxRequests: (written?.maxRequests ?? 0) || 5000,
    fairnessPolicy: written?.fairnessPolicyRef ?? 'global-strict-fairness-policy',
    orderingPolicy: written?.orderingPolicyRef ?? 'fcfs-ordering-policy',
  };
}

export function flowControlOf(written: Written, place: Place): FlowControlConfig {
  const seen = new Set<number>();
  written.priorityBands.forEach(({ priority }, i) => {
    if (seen.has(priority)) place.at('priorityBands').at(i).at('priority').error(`priority ${priority} is there already`);
    seen.add(priority);
  });
  const defaultRequestTtlMs = written.defaultRequestTTL ?? defaultTtlMs;
  return {
    maxBytes: written.maxBytes,
    maxRequests: written.maxRequests,
    defaultRequestTtlMs,
    noEndpointRequestTtlMs: written.noEndpointRequestTTL ?? defaultRequestTtlMs,
    bands: written.priorityBands.map((band) => ({ priority: band.priority, ...bandOf(band) })).sort((a, b) => b.priority - a.priority),
    defaultBand: bandOf(written.defaultPriorityBand),
    defaultNegativeBand: bandOf(written.defaultNegativePriorityBand ?? written.defaultPriorityBand),
    usageLimitPolicy: written.usageLimitPolicyPluginRef,
    enableEviction: written.enableEviction,
  };
}

/** Whether anything is said that counts only with the feature gate. */
export function saysSomething(written: unknown): boolean {
  return typeof written === 'object' && written !== null && Object.keys(written).some((key) => key !== 'saturationDetector');
}
