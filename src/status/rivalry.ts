import { backOffDelay, type BackOff } from '../kube/back-off.ts';
import type { Subject } from './subject.ts';

/** So many times in a row what somebody undid is mended at once. From then on he is a rival, and we write less and less often. */
const PATIENCE = 3;
/** Milliseconds. */
const RIVALRY: BackOff = { firstMs: 1_000, maxMs: 60_000 };
/** A rivalry is over when nothing was undone for so long (ms). */
const PEACE_MS = 300_000;

/** Time before which an object whose status somebody undid is not mended. */
export function mendAt({ undone, written }: Subject, random: number): number {
  if (undone < PATIENCE || written === undefined) return 0;
  return written.at + backOffDelay(RIVALRY, undone - PATIENCE + 1, random);
}

/** Takes down that a status was mended at `now`. Returns whether that makes somebody a rival. */
export function noteMended(subject: Subject, now: number): boolean {
  const lastAt = subject.written?.at ?? now;
  subject.undone = now - lastAt > PEACE_MS ? 1 : subject.undone + 1;
  return subject.undone === PATIENCE;
}
