import { parseArgs } from 'node:util';
import { maxNodes } from '../network/address-plan.ts';

/** What the command line asks for. */
export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'list' }
  /** Stop what was left running: one slot, all, or the only one. */
  | { readonly kind: 'down'; readonly slot: number | 'all' | undefined }
  | StartCommand;

export interface StartCommand {
  readonly kind: 'start';
  /** Labels of each node. */
  readonly nodes: readonly Readonly<Record<string, string>>[];
  readonly install: 'moongate' | 'envoy-gateway' | 'nothing';
  /** Values of the chart, as helm takes them with --set. */
  readonly set: readonly string[];
  /** Folders of image archives. */
  readonly images: readonly string[];
  readonly metrics: boolean;
  /** Run with the cluster, which is taken down afterwards; without it the cluster is left running. */
  readonly exec: string | undefined;
}

/** The command line cannot be understood. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const usage = `A real Kubernetes on this machine, with Moongate installed. Needs Linux, root and Go; tools are built once, which takes minutes.

npm run cluster -- [options]

  (nothing)            leave the cluster running, and print how to reach and stop it
  --exec CMD           run CMD with KUBECONFIG set, kubectl and helm on PATH and the Gateways' addresses reachable,
                       take the cluster down, and end as CMD did
  --bare               install nothing: neither Moongate nor CRDs
  --peer envoy-gateway install Envoy Gateway v1.9.1 instead of Moongate
  --set KEY=VALUE      a value of Moongate's chart, as for helm; may be repeated
  --nodes N            N nodes (1 unless given, ${maxNodes} at most)
  --nodes LABELS       a node with labels, such as 'zone=a,pool=edge'; once for each node
  --images DIR         import the image archives (*.tar) in DIR; may be repeated
  --metrics            install metrics-server, which horizontal autoscaling needs
  --list               list the clusters of this machine
  --down [N|all]       stop cluster N, or the only one, or all that were left running
  --help               print this
`;

/** Reads the command line. Throws a UsageError with a sentence. */
export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  if (values.help === true) return { kind: 'help' };
  if (positionals.length > 0 && values.down !== true) throw new UsageError(`${positionals[0]} is not understood`);
  if (values.list === true) return { kind: 'list' };
  if (values.down === true) return { kind: 'down', slot: slotOf(positionals) };
  if (values.peer !== undefined && values.peer !== 'envoy-gateway') throw new UsageError(`--peer ${values.peer}: the only peer is envoy-gateway`);
  const install = values.peer ?? (values.bare === true ? 'nothing' : 'moongate');
  if (values.peer !== undefined && values.bare === true) throw new UsageError('--bare and --peer exclude each other');
  if (install !== 'moongate' && values.set.length > 0) throw new UsageError('--set is for the chart of Moongate, which is not to be installed');
  return {
    kind: 'start', nodes: nodesOf(values.nodes), install, set: values.set, images: values.images, metrics: values.metrics === true, exec: values.exec,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        exec: { type: 'string' },
        bare: { type: 'boolean' },
        peer: { type: 'string' },
        set: { type: 'string', multiple: true, default: [] },
        nodes: { type: 'string', multiple: true, default: [] },
        images: { type: 'string', multiple: true, default: [] },
        metrics: { type: 'boolean' },
        list: { type: 'boolean' },
        down: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function slotOf(positionals: readonly string[]): number | 'all' | undefined {
  const [slot, more] = positionals;
  if (more !== undefined) throw new UsageError('--down takes one number, or all');
  if (slot === undefined || slot === 'all') return slot;
  if (!/^\d+$/.test(slot)) throw new UsageError(`--down ${slot}: neither a number nor all`);
  return Number(slot);
}

function nodesOf(values: readonly string[]): Readonly<Record<string, string>>[] {
  const [first, ...others] = values;
  const nodes = first !== undefined && /^\d+$/.test(first) && others.length === 0
    ? Array.from({ length: Number(first) }, () => ({}))
    : values.map(labelsOf);
  if (values.length === 0) return [{}];
  if (nodes.length < 1 || nodes.length > maxNodes) throw new UsageError(`--nodes: 1 to ${maxNodes} nodes, not ${nodes.length}`);
  return nodes;
}

function labelsOf(text: string): Readonly<Record<string, string>> {
  const pairs = text.split(',').filter((pair) => pair !== '').map((pair) => {
    const [, key = '', value = ''] = /^([^=]+)=([^=]*)$/.exec(pair) ?? [];
    if (key === '') throw new UsageError(`--nodes ${text}: neither a number nor labels such as zone=a,pool=edge`);
    return [key, value] as const;
  });
  return Object.fromEntries(pairs);
}
