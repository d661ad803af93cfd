import { X509Certificate } from 'node:crypto';
import { AUTHORITY_DAYS, issueAuthority, type KeyPair } from './issue.ts';
import { bundleOf, certificatesIn, renewalTime } from './pem.ts';

/**
 * The authorities of one controller. A new one is trusted everywhere before it signs, and an old one is trusted until
 * nothing that it signed is in use:
 *
 *                2/3 of its life, or asked              settled                        settled
 *      steady ────────────────────────────► introducing ───────► replacing ──────────────────────► steady
 *      trusted  A                             A B                  B A                               B
 *      signs    A                             A                    B                                 B
 */
export interface Authorities {
  /** Signs. */
  readonly current: KeyPair;
  /** Will sign when everybody trusts it. */
  readonly next: KeyPair | undefined;
  /** PEM bundle of what is trusted, the one that signs first. */
  readonly trusted: string;
  /** When they came to be as they are, milliseconds since 1970. */
  readonly since: number;
}

export interface RotationOptions {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** How long (ms) everything has to have been up to date: what the slowest kubelet takes to refresh a mounted Secret, and more. */
  readonly settleMs: number;
  /** When something was last seen that is not up to date. */
  readonly unsettledAt: number;
  /** Somebody wants another authority. */
  readonly asked: boolean;
  /** Default AUTHORITY_DAYS. */
  readonly days?: number;
}

/** The first authorities of a controller. */
export async function firstAuthorities({ now, days = AUTHORITY_DAYS }: Pick<RotationOptions, 'now' | 'days'>): Promise<Authorities> {
  const current = await issueAuthority({ now, days });
  return { current, next: undefined, trusted: bundleOf([current.cert]), since: now };
}

/** How far a rotation has come. */
export function phaseOf({ next, trusted }: Authorities): 'steady' | 'introducing' | 'replacing' {
  if (next !== undefined) return 'introducing';
  return certificatesIn(trusted).length > 1 ? 'replacing' : 'steady';
}

/** The next step of the rotation; the same authorities when none is due. An authority that has expired is replaced at once. */
export async function advance(authorities: Authorities, options: RotationOptions): Promise<Authorities> {
  const { now, asked, days = AUTHORITY_DAYS } = options;
  const { current, next, trusted } = authorities;
  if (now >= expiryOf(current)) return firstAuthorities({ now, days });
  const settled = now >= settledAt(authorities, options);
  switch (phaseOf(authorities)) {
    case 'steady': {
      if (!asked && now < renewalTime(current.cert)) return authorities;
      const made = await issueAuthority({ now, days });
      return { current, next: made, trusted: bundleOf([current.cert, made.cert]), since: now };
    }
    case 'introducing':
      if (!settled || next === undefined) return authorities;
      return { current: next, next: undefined, trusted: bundleOf([next.cert, trusted]), since: now };
    case 'replacing':
      return settled ? { ...authorities, trusted: bundleOf([current.cert]), since: now } : authorities;
  }
}

/** When `advance` has something to do if nothing but time happens, milliseconds since 1970. */
export function dueAt(authorities: Authorities, options: Pick<RotationOptions, 'settleMs' | 'unsettledAt'>): number {
  if (phaseOf(authorities) === 'steady') return renewalTime(authorities.current.cert);
  return Math.min(settledAt(authorities, options), expiryOf(authorities.current));
}

function settledAt({ since }: Authorities, { settleMs, unsettledAt }: Pick<RotationOptions, 'settleMs' | 'unsettledAt'>): number {
  return Math.max(since, unsettledAt) + settleMs;
}

function expiryOf({ cert }: KeyPair): number {
  return new X509Certificate(cert).validToDate.getTime();
}
