import type { Channel } from '../crds.ts';
import type { Catalogue } from './catalogue.ts';

/**
 * What the suite has to be told that is supported, or undefined when it does best to read the GatewayClass itself. It reads none when a single
 * test runs, and would leave that test out of its report for features that it does not know to be supported.
 */
export function claimedFeatures({ catalogue, supported, channel, runTest }: ClaimsQuery): string[] | undefined {
  if (runTest === undefined && channel === 'experimental') return undefined;
  const ofTest = catalogue.tests.find(({ name }) => name === runTest)?.features ?? [];
  const missing = missingFeatures(catalogue, channel);
  return [...new Set([...supported, ...ofTest])].filter((feature) => !missing.includes(feature)).sort();
}

/** The features that nobody can have with the CRDs of a channel: they need fields or kinds of the experimental one. */
export function missingFeatures(catalogue: Catalogue, channel: Channel): readonly string[] {
  return channel === 'experimental' ? [] : catalogue.experimental;
}

export interface ClaimsQuery {
  readonly catalogue: Catalogue;
  /** Features that the GatewayClass says it supports. */
  readonly supported: readonly string[];
  /** That of the CRDs in the cluster. */
  readonly channel: Channel;
  readonly runTest: string | undefined;
}
