import type { Catalogue } from './catalogue.ts';

/**
 * What the suite has to be told that is supported, or undefined when it does best to read the GatewayClass itself. It reads none when a single
 * test runs, and would leave that test out of its report for features that it does not know to be supported.
 */
export function claimedFeatures({ catalogue, supported, missing, runTest }: ClaimsQuery): string[] | undefined {
  if (runTest === undefined && missing.length === 0) return undefined;
  const ofTest = catalogue.tests.find(({ name }) => name === runTest)?.features ?? [];
  return [...new Set([...supported, ...ofTest])].filter((feature) => !missing.includes(feature)).sort();
}

export interface ClaimsQuery {
  readonly catalogue: Catalogue;
  /** Features that the GatewayClass says it supports. */
  readonly supported: readonly string[];
  /** Features that nobody can have with the CRDs in the cluster. */
  readonly missing: readonly string[];
  readonly runTest: string | undefined;
}
