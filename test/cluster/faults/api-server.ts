import type { Cluster } from '../cluster.ts';
import { ApiClient } from '../control-plane/api-client.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';

const readyMs = 120_000;

/** Waits until the API server answers that it is ready. */
export async function apiServerReady({ apiServer, client }: Pick<ControlPlane, 'apiServer' | 'client'>): Promise<void> {
  await apiServer.until('the API server is ready', async () => (await client.send<string>('/readyz')) === 'ok', readyMs);
}

/** A second API server over the same etcd. */
export interface BackDoor {
  readonly client: ApiClient;
  close(): Promise<void>;
}

/**
 * Opens a way to change objects while the API server is stopped: it comes back with other content. Nobody in the cluster knows of it; controllers and kubelets
 * do not act on what is changed until the API server is there again.
 */
export async function openBackDoor({ controlPlane }: Cluster): Promise<BackDoor> {
  const { backDoor, backDoorAccess } = controlPlane;
  backDoor.start();
  const client = new ApiClient(backDoorAccess);
  await apiServerReady({ apiServer: backDoor, client });
  return {
    client,
    close: async () => {
      client.close();
      await backDoor.stop();
    },
  };
}
