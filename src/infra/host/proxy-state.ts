/**
 * Where a proxy is in its life. Times to wait are milliseconds.
 *
 *     starting ──► running ──► draining ──► stopped
 *        │ ▲          │
 *        ▼ │          │ dies
 *      backoff ◄──────┘
 */
export type ProxyState =
  /** A process is being started, or runs and has not got its first configuration yet: it serves nothing. */
  | { readonly kind: 'starting'; readonly pid?: number }
  /** Envoy is live. `adopted`: an earlier control plane started it. `outdated`: why it does not run with the wanted settings. */
  | { readonly kind: 'running'; readonly pid: number; readonly adopted: boolean; readonly outdated?: string }
  /** No process. The next attempt, after `failures` in a row, is `delayMs` away. */
  | { readonly kind: 'backoff'; readonly reason: string; readonly failures: number; readonly delayMs: number }
  /** No longer wanted: clients are being sent away. */
  | { readonly kind: 'draining'; readonly pid: number }
  /** No process, and none is wanted. */
  | { readonly kind: 'stopped' };
