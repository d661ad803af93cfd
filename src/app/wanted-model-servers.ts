import type { ControlPlane } from './control-plane.ts';
import type { Core } from './core.ts';
import { poolLabel } from '../api/inference-pool.ts';
import { apiVersionOf, kindNamed } from '../api/kinds.ts';
import { ModelServers, type WantedModelServers } from '../infra/kubernetes/model-servers.ts';
import type { KubeClient } from '../kube/client.ts';
import { uidOf } from '../translate/parameters.ts';
import type { Log } from '../util/log.ts';

/** What keeps the Deployments of InferencePools that ask for some, with what becomes of them told to translation. */
export function modelServers({ client, core, log }: { readonly client: KubeClient; readonly core: Core; readonly log: Log }): ModelServers {
  const kind = kindNamed('DeployedInferencePool');
  const { modelServers: states } = core.plane;
  return new ModelServers({
    client,
    owner: { apiVersion: apiVersionOf(kind, kind.storageVersion), kind: kind.objectKind },
    label: poolLabel,
    log,
    onState: (key, state) => core.update(() => (state === undefined ? states.delete(key) : states.set(key, state))),
  });
}

/** Says which model servers are wanted, from now on. Not to be called before everything has been read. */
export function followModelServers({ resources: { DeployedInferencePool: pools } }: Pick<ControlPlane, 'resources'>, servers: ModelServers): void {
  const tell = (): void => servers.reconcile(new Map([...pools.values()].map((pool): [string, WantedModelServers] => {
    const { key, metadata: { namespace, name }, object: { spec: { deployment: { replicas, template } } } } = pool;
    return [key, { namespace, name, uid: uidOf(pool), replicas, template }];
  })));
  pools.subscribe(tell);
  tell();
}
