import type { ExternalAuth } from './external-auth.ts';

/** What requests to a listener have to pass, before the routes are looked at (GEP-5224). */
export interface RequestFilter {
  /** `listener key/0`: its place in the listener's list. */
  readonly name: string;
  /** undefined: all that arrives at the chain. */
  readonly hosts: ListenerHosts | undefined;
  /** undefined: there is nobody to ask, and requests are answered with 500. */
  readonly externalAuth: ExternalAuth | undefined;
}

/** The hosts of a listener that shares its chain with others: those of its hostname, but for those that belong to a more specific one. */
export interface ListenerHosts {
  /** Exact, `*.suffix` or `*`. */
  readonly hostname: string;
  readonly except: readonly string[];
}
