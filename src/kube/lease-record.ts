import type { KubeObject } from './object.ts';

/** `spec` of a coordination.k8s.io/v1 Lease. */
export interface LeaseRecord {
  readonly holderIdentity?: string | null;
  readonly leaseDurationSeconds?: number | null;
  /** RFC 3339 with microseconds. */
  readonly acquireTime?: string | null;
  readonly renewTime?: string | null;
  /** How often the holder changed. */
  readonly leaseTransitions?: number | null;
}

export function recordOf(lease: KubeObject): LeaseRecord {
  return lease.spec ?? {};
}

/** A record in which `identity` holds the lease from `now` on, given the one before. */
export function heldRecord(former: LeaseRecord | undefined, { identity, durationMs, now }: { readonly identity: string; readonly durationMs: number; readonly now: Date }): LeaseRecord {
  const isRenewal = former?.holderIdentity === identity;
  const transitions = former?.leaseTransitions ?? 0;
  return {
    holderIdentity: identity,
    leaseDurationSeconds: Math.ceil(durationMs / 1000),
    acquireTime: isRenewal ? (former.acquireTime ?? microTime(now)) : microTime(now),
    renewTime: microTime(now),
    leaseTransitions: isRenewal || former === undefined ? transitions : transitions + 1,
  };
}

/** A record that nobody holds, so that the next one need not wait. */
export function releasedRecord(former: LeaseRecord, now: Date): LeaseRecord {
  return { ...former, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(now), acquireTime: microTime(now) };
}

function microTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}
