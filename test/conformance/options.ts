import { parseArgs } from 'node:util';
import { channels } from './crds.ts';
import type { Channel } from './crds.ts';
import type { PickerName } from './suite/pickers.ts';
import { suites } from './suite/suites.ts';
import type { PeerName, Suite } from './suite/suites.ts';

/** What a run was asked. */
export interface Options {
  readonly suite: Suite;
  readonly profiles: readonly string[];
  readonly runTest: string | undefined;
  readonly skipTests: readonly string[];
  /** Which CRDs of the Gateway API are installed. */
  readonly channel: Channel;
  /** Their version, which should be the suite's. */
  readonly crds: string;
  /** The original in our place. */
  readonly peer: PeerName | undefined;
  /** What plays the part of the suite's endpoint picker, where it has one. */
  readonly picker: PickerName | undefined;
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

/** How to run a suite. */
export function usage({ command, about, profiles, gatewayApi, peers, pickers }: Suite): string {
  const lines = [
    `${command} -- [OPTION …]`,
    '',
    `Runs the official conformance suite of ${about} against Moongate on a cluster of this machine. Needs root and Go.`,
    '',
    ...(profiles.length === 1 ? [] : [`  --profiles LIST         conformance profiles, comma-separated (default: all ${profiles.length} of gateways)`]),
    '  --run-test NAME         this test only',
    '  --skip-tests LIST       without these tests',
    '  --channel CHANNEL       CRDs of this channel, experimental (default) or standard; features of the former are not claimed with the latter',
    `  --crds VERSION          CRDs of this version of the Gateway API (default: the suite's, ${gatewayApi})`,
    ...peers.map((peer) => `  ${`--peer ${peer}`.padEnd(22)}  against Envoy Gateway v1.9.1 instead`),
    ...(pickers.length === 0 ? [] : [`  --picker PICKER         what plays the part of the suite's endpoint picker: ${pickers.join(', ')} (default: ${pickers[0]})`]),
    '  --report FILE           copy the suite\'s report to FILE',
    '  --keep                  leave the cluster running',
    '  --kubeconfig FILE       use a cluster that runs and has a controller; nothing is installed',
    '  --gateway-class NAME    a class that exists, instead of one that is made for the run',
    '  --set KEY=VALUE         a value for the chart; may be repeated',
    `  --parallel N            how many of the tests that may run together do (default ${defaultParallel})`,
    '  --document FOLDER       keep the report of a whole run in docs/conformance, and write docs/conformance.md anew',
    '  --help',
    '',
    'What is not expected to pass is listed in test/conformance/expected*.yaml. Exit status: 0 when all is as expected, 1 otherwise.',
  ];
  return `${lines.join('\n')}\n`;
}

const defaultParallel = 8;

/** Reads the command line. Throws an error that names the option. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      'suite': { type: 'string', default: 'gateway' },
      'profiles': { type: 'string' },
      'run-test': { type: 'string' },
      'skip-tests': { type: 'string', default: '' },
      'channel': { type: 'string', default: channels[0] },
      'crds': { type: 'string' },
      'peer': { type: 'string' },
      'picker': { type: 'string' },
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
  const suite = suites[oneOf('suite', values.suite, Object.values(suites).map(({ name }) => name))];
  const { crds = suite.gatewayApi } = values;
  if (!/^v\d+\.\d+\.\d+/.test(crds)) throw new Error(`--crds ${crds}: not a version such as ${suite.gatewayApi}`);
  const parallel = Number(values.parallel);
  if (!Number.isInteger(parallel) || parallel < 1) throw new Error(`--parallel ${values.parallel}: not a number above 0`);
  const profiles = values.profiles === undefined ? suite.profiles : list(values.profiles);
  if (profiles.length === 0) throw new Error('--profiles: names none');
  return {
    suite,
    profiles,
    runTest: values['run-test'],
    skipTests: list(values['skip-tests']),
    channel: oneOf('channel', values.channel, channels),
    crds,
    peer: values.peer === undefined ? undefined : oneOf('peer', values.peer, suite.peers),
    picker: values.picker === undefined ? suite.pickers[0] : oneOf('picker', values.picker, suite.pickers),
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
export function commandOf({ suite, profiles, runTest, skipTests, channel, crds, peer, picker, set }: Options): string {
  const options = [
    ...(profiles.join() === suite.profiles.join() ? [] : [`--profiles ${profiles.join()}`]),
    ...(runTest === undefined ? [] : [`--run-test ${runTest}`]),
    ...(skipTests.length === 0 ? [] : [`--skip-tests ${skipTests.join()}`]),
    ...(channel === channels[0] ? [] : [`--channel ${channel}`]),
    ...(crds === suite.gatewayApi ? [] : [`--crds ${crds}`]),
    ...(peer === undefined ? [] : [`--peer ${peer}`]),
    ...(picker === suite.pickers[0] ? [] : [`--picker ${picker}`]),
    ...set.map((value) => `--set ${value}`),
  ];
  return [suite.command, ...(options.length === 0 ? [] : ['--', ...options])].join(' ');
}

/** The file with what is not expected to pass. */
export function expectedFile({ suite, peer, picker }: Pick<Options, 'suite' | 'peer' | 'picker'>): string {
  const parts = ['expected', suite === suites.gateway ? undefined : suite.name, peer, picker === suite.pickers[0] ? undefined : picker];
  return `${parts.filter((part) => part !== undefined).join('-')}.yaml`;
}

function oneOf<T extends string>(option: string, value: string, known: readonly T[]): T {
  const found = known.find((name) => name === value);
  if (found === undefined) throw new Error(`--${option} ${value}: ${known.length === 0 ? 'this suite has none' : `not one of ${known.join(', ')}`}`);
  return found;
}

function list(text: string): string[] {
  return text.split(',').map((name) => name.trim()).filter((name) => name !== '');
}
