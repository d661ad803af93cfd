import type { KubeClient } from './client.ts';
import { isNotFound } from './kube-error.ts';
import type { LeaseRecord } from './lease-record.ts';
import type { KubeObject } from './object.ts';
import { createObject, getObject, replaceObject } from './verbs.ts';
import { LEASES } from './well-known.ts';

/** Where one Lease is kept. Both reject with a `KubeError`. */
export interface LeaseStore {
  /** The Lease as it is, or undefined. */
  read(timeoutMs: number): Promise<KubeObject | undefined>;
  /** Writes if the Lease still is what it was (undefined: not there); else rejects with 409. Returns it as it was stored. */
  write(former: KubeObject | undefined, spec: LeaseRecord, timeoutMs: number): Promise<KubeObject>;
}

/** A Lease in the API server. */
export function kubeLeaseStore(client: KubeClient, name: { readonly namespace: string; readonly name: string }): LeaseStore {
  return {
    async read(timeoutMs) {
      try {
        return await getObject(client, LEASES, name, { timeoutMs });
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    write: (former, spec, timeoutMs) =>
      former === undefined
        ? createObject(client, LEASES, { metadata: name, spec }, { timeoutMs })
        : replaceObject(client, LEASES, { ...former, spec }, { timeoutMs }),
  };
}
