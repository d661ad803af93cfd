import type { Cluster } from '../cluster.ts';
import { runOn } from '../lifetime/machine.ts';
import type { ClusterNode } from '../node/node.ts';
import { podCidr } from '../network/address-plan.ts';

const table = 'inet moongate_cut_off';

/**
 * Cuts a node off from the control plane and from the other nodes and their Pods, as a broken line would: packets are dropped in both directions, nobody is told.
 * This host still reaches the node, and its own Pods each other. The answer heals the line.
 */
export async function cutOff({ plan, nodes }: Cluster, node: ClusterNode): Promise<() => Promise<void>> {
  const others = nodes.flatMap((other, index) => (other === node ? [] : [other.address, podCidr(plan, index)]));
  const set = `{ ${[plan.controlPlane, ...others].join(', ')} }`;
  await nft(node, `
    table ${table} {
      chain in { type filter hook prerouting priority raw; ip saddr ${set} drop; }
      chain out { type filter hook postrouting priority srcnat + 1; ip daddr ${set} drop; }
    }
  `);
  return () => nft(node, `delete table ${table}`);
}

async function nft(node: ClusterNode, rules: string): Promise<void> {
  await runOn(node.machine, 'nft', ['-f', '-'], { input: rules });
}
