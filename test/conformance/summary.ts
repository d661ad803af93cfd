import type { ProfileOutcome } from './compare.ts';

/** A line for a person: `GATEWAY-HTTP: core 36/36, extended 36/36 (24 not claimed: ListenerSet 12, …)`. */
export function summaryLine({ profile, core, extended, notClaimed, surprises }: ProfileOutcome): string {
  const left = [...notClaimed].toSorted(([, a], [, b]) => b - a);
  const total = left.reduce((sum, [, count]) => sum + count, 0);
  const parts = [
    ...(total === 0 ? [] : [`${total} not claimed: ${left.map(([feature, count]) => `${feature} ${count}`).join(', ')}`]),
    ...(surprises.length === 0 ? [] : [`${surprises.length} not as expected`]),
  ];
  return `${profile}: core ${core.passed}/${core.of}, extended ${extended.passed}/${extended.of}${parts.length === 0 ? '' : ` (${parts.join('; ')})`}`;
}
