import { nodeAddress, overlap, podCidr } from './address-plan.ts';
import type { AddressPlan } from './address-plan.ts';
import { netnsMachine, runOn } from '../lifetime/machine.ts';
import type { Machine } from '../lifetime/machine.ts';
import { run } from '../tools/run.ts';

/** The machines of a cluster, on one bridge with this host. */
export interface Network {
  readonly controlPlane: Machine;
  readonly nodes: readonly Machine[];
}

/**
 *     this host ── bridge mgS (10.S.0.1) ──┬── mgS-cp: eth0 10.S.0.2
 *                                          ├── mgS-n1: eth0 10.S.0.11 ── cni0 ── Pods 10.S.16.0/24
 *                                          └── mgS-n2: eth0 10.S.0.12 ── cni0 ── Pods 10.S.17.0/24
 *
 * Everybody has a route to each node's Pods through that node, so nothing is encapsulated and no address is translated. Services and
 * LoadBalancers are reached through the first node from the host and the control plane, and through kube-proxy's rules on each node itself.
 */
export async function createNetwork(plan: AddressPlan, nodeNames: readonly string[]): Promise<Network> {
  const { prefix } = plan;
  const controlPlane = netnsMachine({ name: 'control-plane', netns: `${prefix}-cp`, address: plan.controlPlane });
  const nodes = nodeNames.map((name, index) => netnsMachine({ name, netns: `${prefix}-n${index + 1}`, address: nodeAddress(plan, index) }));
  await ip(['link', 'add', prefix, 'type', 'bridge'], ['addr', 'add', `${plan.host}/24`, 'dev', prefix], ['link', 'set', prefix, 'up']);
  for (const machine of [controlPlane, ...nodes]) await connect(plan, machine);

  const [first] = nodes;
  if (first === undefined) throw new Error('a cluster needs a node');
  const toPods = (except?: Machine): string[][] =>
    nodes.flatMap((node, index) => (node === except ? [] : [['route', 'replace', podCidr(plan, index), 'via', node.address]]));
  const toServices = [plan.services, plan.loadBalancers].map((cidr) => ['route', 'replace', cidr, 'via', first.address]);
  await ip(...toPods(), ...toServices);
  await ipOn(controlPlane, ...toPods(), ...toServices);
  for (const node of nodes) if (nodes.length > 1) await ipOn(node, ...toPods(node));
  return { controlPlane, nodes };
}

async function connect(plan: AddressPlan, machine: Machine): Promise<void> {
  const { netns, address } = machine;
  await ip(
    ['netns', 'add', netns],
    ['link', 'add', netns, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', netns],
    ['link', 'set', netns, 'master', plan.prefix, 'up'],
  );
  await ipOn(
    machine,
    ['addr', 'add', `${address}/24`, 'dev', 'eth0'],
    ['link', 'set', 'eth0', 'up'],
    ['link', 'set', 'lo', 'up'],
    ['route', 'add', 'default', 'via', plan.host],
  );
  await runOn(machine, 'sysctl', ['-qw', 'net.ipv4.ip_forward=1']);
}

/** Where an address of a LoadBalancer is led: to the nodes that answer there. */
export async function routeLoadBalancer(address: string, nodeAddresses: readonly string[]): Promise<void> {
  await ip(['route', 'replace', address, ...nodeAddresses.flatMap((node) => ['nexthop', 'via', node])]);
}

export async function unrouteLoadBalancer(address: string): Promise<void> {
  await ip(['route', 'del', address]).catch(() => {});
}

/** Removes the cluster's namespaces, its bridge, and with it all routes through it. What is not there is not missed. */
export async function removeNetwork(plan: AddressPlan): Promise<void> {
  const { prefix } = plan;
  const own = new RegExp(`^${prefix}(-.*)?$`);
  const namespaces = (await run('ip', ['-j', 'netns', 'list'])).trim();
  for (const { name } of parse<{ name: string }>(namespaces)) if (own.test(name)) await ip(['netns', 'del', name]);
  // A namespace that is still held by a process takes its end of a veth along later.
  for (const { ifname } of parse<{ ifname: string }>(await run('ip', ['-j', 'link']))) if (own.test(ifname)) await ip(['link', 'del', ifname]).catch(() => {});
}

/** Whether this host has a way to addresses of the plan already: a VPN, another program's network. */
export async function isTaken(plan: AddressPlan): Promise<boolean> {
  const routes = parse<{ dst: string }>(await run('ip', ['-j', '-4', 'route', 'show', 'table', 'all']));
  return routes.some(({ dst }) => /^[\d.]+(\/\d+)?$/.test(dst) && dst !== '0.0.0.0/0' && overlap(dst, plan.cidr));
}

function ip(...commands: readonly (readonly string[])[]): Promise<string> {
  return run('ip', ['-batch', '-'], { input: batch(commands) });
}

function ipOn(machine: Machine, ...commands: readonly (readonly string[])[]): Promise<string> {
  return runOn(machine, 'ip', ['-batch', '-'], { input: batch(commands) });
}

function batch(commands: readonly (readonly string[])[]): string {
  return commands.map((words) => `${words.join(' ')}\n`).join('');
}

/** ip prints nothing instead of an empty list. */
function parse<T>(text: string): T[] {
  return text.trim() === '' ? [] : (JSON.parse(text) as T[]);
}
