import { parseArgs } from 'node:util';
import { channels } from './crds.ts';
import type { Channel } from './crds.ts';
import { SUITE_VERSION } from './suite/recipe.ts';

/** What `npm run conformance` was asked. */
export interface Options {
  readonly profiles: readonly string[];
  readonly runTest: string | undefined;
  readonly skipTests: readonly string[];
  /** Which CRDs of the Gateway API are installed. */
  readonly channel: Channel;
  /** Their version, which should be the suite's. */
  readonly crds: string;
  /** The original in our place. */
  readonly peer: 'envoy-gateway' | undefined;
  /** A file that gets a copy of the suite's report. */
  readonly report: string | undefined;
  /** Whether the cluster is left running. */
  readonly keep: boolean;
  /** A cluster that runs already, with the controller in it: nothing is installed then. */
  readonly kubeconfig: string | undefined;
  /** A class that exists; undefined: one is made. */
  readonly gatewayClass: string | undefined;
  /** Values for the chart, as helm's --set takes them. */
  readonly set: readonly string[];
  readonly parallel: number;
  /** Folder of a run whose report is to be kept and documented; nothing is run then. */
  readonly document: string | undefined;
  readonly help: boolean;
}

/** The suite's profiles for gateways; the others are for meshes. */
const gatewayProfiles = ['GATEWAY-HTTP', 'GATEWAY-GRPC', 'GATEWAY-TLS', 'GATEWAY-TCP', 'GATEWAY-UDP'];

export const usage = `npm run conformance -- [OPTION …]

Runs the official conformance suite of the Gateway API against Moongate on a cluster of this machine. Needs root and Go.

  --profiles LIST         conformance profiles, comma-separated (default: all five of gateways)
  --run-test NAME         this test only
  --skip-tests LIST       without these tests
  --channel CHANNEL       CRDs of this channel, experimental (default) or standard; features of the former are not claimed with the latter
  --crds VERSION          CRDs of this version of the Gateway API (default: the suite's, ${SUITE_VERSION})
  --peer envoy-gateway    against Envoy Gateway v1.9.1 instead
  --report FILE           copy the suite's report to FILE
  --keep                  leave the cluster running
  --kubeconfig FILE       use a cluster that runs and has a controller; nothing is installed
  --gateway-class NAME    a class that exists, instead of one that is made for the run
  --set KEY=VALUE         a value for the chart; may be repeated
  --parallel N            how many of the tests that may run together do (default 8)
  --document FOLDER       keep the report of a whole run in docs/conformance, and write docs/conformance.md anew
  --help

What is not expected to pass is listed in test/conformance/expected.yaml. Exit status: 0 when all is as expected, 1 otherwise.
`;

const peers = ['envoy-gateway'] as const;
const defaultParallel = 8;

/** Reads the command line. Throws an error that names the option. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      'profiles': { type: 'string', default: gatewayProfiles.join() },
      'run-test': { type: 'string' },
      'skip-tests': { type: 'string', default: '' },
      'channel': { type: 'string', default: channels[0] },
      'crds': { type: 'string', default: SUITE_VERSION },
      'peer': { type: 'string' },
      'report': { type: 'string' },
      'keep': { type: 'boolean', default: false },
      'kubeconfig': { type: 'string' },
      'gateway-class': { type: 'string' },
      'set': { type: 'string', multiple: true, default: [] },
      'parallel': { type: 'string', default: String(defaultParallel) },
      'document': { type: 'string' },
      'help': { type: 'boolean', default: false },
    },
  });
  const peer = peers.find((name) => name === values.peer);
  if (values.peer !== undefined && peer === undefined) throw new Error(`--peer ${values.peer}: not one of ${peers.join(', ')}`);
  const channel = channels.find((name) => name === values.channel);
  if (channel === undefined) throw new Error(`--channel ${values.channel}: not one of ${channels.join(', ')}`);
  if (!/^v\d+\.\d+\.\d+/.test(values.crds)) throw new Error(`--crds ${values.crds}: not a version such as ${SUITE_VERSION}`);
  const parallel = Number(values.parallel);
  if (!Number.isInteger(parallel) || parallel < 1) throw new Error(`--parallel ${values.parallel}: not a number above 0`);
  const profiles = list(values.profiles);
  if (profiles.length === 0) throw new Error('--profiles: names none');
  return {
    profiles,
    runTest: values['run-test'],
    skipTests: list(values['skip-tests']),
    channel,
    crds: values.crds,
    peer,
    report: values.report,
    keep: values.keep,
    kubeconfig: values.kubeconfig,
    gatewayClass: values['gateway-class'],
    set: values.set,
    parallel,
    document: values.document,
    help: values.help,
  };
}

/** The command that repeats what decides about a report: which tests, with which definitions. */
export function commandOf({ profiles, runTest, skipTests, channel, crds, peer, set }: Options): string {
  const options = [
    ...(profiles.join() === gatewayProfiles.join() ? [] : [`--profiles ${profiles.join()}`]),
    ...(runTest === undefined ? [] : [`--run-test ${runTest}`]),
    ...(skipTests.length === 0 ? [] : [`--skip-tests ${skipTests.join()}`]),
    ...(channel === channels[0] ? [] : [`--channel ${channel}`]),
    ...(crds === SUITE_VERSION ? [] : [`--crds ${crds}`]),
    ...(peer === undefined ? [] : [`--peer ${peer}`]),
    ...set.map((value) => `--set ${value}`),
  ];
  return ['npm run conformance', ...(options.length === 0 ? [] : ['--', ...options])].join(' ');
}

function list(text: string): string[] {
  return text.split(',').map((name) => name.trim()).filter((name) => name !== '');
}
