import type { PickRecord } from '../epp/scheduling/pick-log.ts';

/** The last picks of one pool, as `/api/v1/picks` has them, the latest first. */
export interface PoolPicks {
  /** `namespace/name`. */
  readonly pool: string;
  readonly picks: readonly PickRecord[];
}
