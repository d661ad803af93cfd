/** What the suite's program is told. */
export interface SuiteArguments {
  readonly gatewayClass: string;
  readonly profiles: readonly string[];
  /** File that the suite writes its report to. */
  readonly report: string;
  /** An address that a Gateway may ask for and gets, and one that it may ask for in vain. */
  readonly addresses: { readonly usable: string; readonly unusable: string };
  readonly implementation: Implementation;
  /** What is supported, for an implementation whose GatewayClass does not say it. */
  readonly supportedFeatures?: readonly string[];
  /** Whether the CRDs in the cluster may be of another version than the suite. */
  readonly otherCrds: boolean;
  /** The only test to run. */
  readonly runTest?: string;
  readonly skipTests: readonly string[];
  /** How many of the parallel tests run at once. */
  readonly parallel: number;
  /** After this many minutes the suite gives up. */
  readonly minutes: number;
}

/** Whom the report is about. */
export interface Implementation {
  readonly organization: string;
  readonly project: string;
  readonly url: string;
  readonly version: string;
  readonly contact: string;
}

/** The command line of the suite's program. */
export function suiteArguments(options: SuiteArguments): string[] {
  const { gatewayClass, profiles, report, addresses, implementation, supportedFeatures, otherCrds, runTest, skipTests, parallel, minutes } = options;
  return [
    '-test.run=^TestConformance$',
    '-test.v=test2json',
    `-test.parallel=${parallel}`,
    `-test.timeout=${minutes}m`,
    // The cluster goes, or is kept to be looked at or used again.
    '-cleanup-base-resources=false',
    `-gateway-class=${gatewayClass}`,
    `-conformance-profiles=${profiles.join(',')}`,
    `-report-output=${report}`,
    `-usable-address=${addresses.usable}`,
    `-unusable-address=${addresses.unusable}`,
    ...Object.entries(implementation).map(([name, value]) => `-${name}=${value}`),
    ...(otherCrds ? ['-allow-crds-mismatch'] : []),
    ...(supportedFeatures === undefined ? [] : [`-supported-features=${supportedFeatures.join(',')}`]),
    ...(runTest === undefined ? [] : [`-run-test=${runTest}`]),
    ...(skipTests.length === 0 ? [] : [`-skip-tests=${skipTests.join(',')}`]),
  ];
}
