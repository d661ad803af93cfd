import type { Problem } from '../api/problem.ts';
import type { Origin } from '../api/resource.ts';
import type { Transport } from '../ir/listener.ts';
import type { AnyStatus } from './findings.ts';

/** Answer of `/api/v1/status`. */
export interface StatusReport {
  readonly instance: InstanceReport;
  readonly ready: boolean;
  /** Why not, a sentence each. */
  readonly notReady: readonly string[];
  /** Sorted by kind, then key. */
  readonly objects: readonly ObjectReport[];
  readonly ports: readonly PortReport[];
  readonly proxies: readonly ProxyReport[];
  readonly problems: readonly ProblemReport[];
  /** Kinds in the files that mean nothing to a gateway. */
  readonly ignoredKinds: readonly string[];
}

/** The running program. */
export interface InstanceReport {
  readonly version: string;
  readonly pid: number;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly paths: readonly string[];
  readonly stateDir: string;
  readonly envoy: { readonly path: string; readonly version: string } | undefined;
  /** `host:port` of the admin port. */
  readonly admin: string;
}

/** One object of the user's with its wanted status, as an API server would show it. */
export interface ObjectReport {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly generation: number };
  readonly spec: unknown;
  /** Absent: nobody here looks after the object. */
  readonly status?: AnyStatus & { readonly addresses?: readonly { readonly value: string }[] };
  readonly origin: Origin;
}

/** What became of a port that a Gateway wants. */
export interface PortReport {
  readonly proxy: string;
  readonly port: number;
  readonly transport: Transport;
  readonly address: string;
  /** Where it is really bound. */
  readonly bound?: number;
  /** Why it is not. */
  readonly error?: string;
}

/** One proxy: wanted, or still running. */
export interface ProxyReport {
  readonly id: string;
  readonly state: 'starting' | 'running' | 'backoff' | 'draining' | 'stopped';
  readonly pid?: number;
  /** What there is to know about the state. */
  readonly message?: string;
  /** Processes after the first one since this program started. */
  readonly restarts: number;
  /** Envoys that are connected. */
  readonly connected: number;
  readonly resources: Progress;
}

/** How many xDS resources have come how far. */
export interface Progress {
  readonly total: number;
  readonly acked: number;
  readonly pending: number;
  readonly nacked: number;
}

/** A problem of a file, of an object in it, or of an object's conditions. */
export interface ProblemReport extends Problem {
  readonly file: string;
  readonly line: number;
  readonly kind: string;
  readonly key: string;
}
