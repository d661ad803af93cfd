import type { Cluster } from '../../cluster.ts';
import { namespace } from './pods.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const rolePath = `/apis/rbac.authorization.k8s.io/v1/clusterroles/moongate:${namespace}`;

/** Takes a resource ('secrets', 'httproutes/status') out of the control plane's rights in the whole cluster. The answer gives it back. */
export async function deny({ controlPlane: { client } }: Cluster, resource: string): Promise<() => Promise<void>> {
  const { rules } = await client.send<{ rules: readonly Rule[] }>(rolePath);
  const kept = rules.map((rule) => ({ ...rule, resources: rule.resources.filter((each) => each !== resource) })).filter(({ resources }) => resources.length > 0);
  if (JSON.stringify(kept) === JSON.stringify(rules)) throw new Error(`the control plane has no right on ${resource}`);
  const write = async (changed: readonly Rule[]): Promise<void> => {
    await client.send(rolePath, { method: 'PATCH', body: { rules: changed } });
  };
  await write(kept);
  return () => write(rules);
}
