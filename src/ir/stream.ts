import type { Transport } from './listener.ts';

/** Where the connections of a filter chain go, or the datagrams of a port, without a look into them. */
export interface StreamRoute {
  /** `table|domain`. */
  readonly key: string;
  readonly proxy: string;
  readonly transport: Transport;
  /** The object that asked for it: `TCPRoute/namespace/name`, and its version. */
  readonly owner: string;
  readonly ownerVersion: string;
  /** At least one with a weight above 0. */
  readonly backends: readonly StreamBackend[];
}

/** A share of the connections. */
export interface StreamBackend {
  /** Key of a backend; undefined: the reference is invalid, its share of connections is closed, of datagrams dropped. */
  readonly backend: string | undefined;
  /** Connections in proportion to the sum of weights; 0: none. */
  readonly weight: number;
}
