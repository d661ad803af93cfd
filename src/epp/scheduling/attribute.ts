import type { Endpoint } from '../endpoints/endpoint.ts';
import type { Decision } from './plugin.ts';

/** An attribute of an endpoint: what a producer found for this decision, or a metric that the configuration asks for. undefined: unknown. */
export function attributeOf(decision: Decision, endpoint: Endpoint, key: string): number | undefined {
  const value = decision.attributes.get(key)?.[endpoint.slot] ?? endpoint.metrics.custom.get(key);
  return value === undefined || Number.isNaN(value) ? undefined : value;
}
