import type { OverdueRoute } from './deferral.ts';
import type { Refusal } from './refusal.ts';
import type { XdsType } from './types.ts';

/** A resource that one Envoy refused. */
export interface Nack extends Refusal {
  readonly nodeId: string;
}

/** A route that was sent although clusters which it needs are not live. */
export interface Overdue extends OverdueRoute {
  readonly proxy: string;
  readonly nodeId: string;
}

/** An Envoy came or went. */
export interface StreamEvent {
  readonly proxy: string;
  readonly nodeId: string;
  readonly state: 'connected' | 'disconnected';
}

/** A response was handed to gRPC. */
export interface Pushed {
  readonly proxy: string;
  readonly nodeId: string;
  readonly type: XdsType;
  readonly resources: number;
  readonly removed: number;
  readonly bytes: number;
  /** Milliseconds of the server's clock. */
  readonly at: number;
}

/** Totals since the start, except `streams`, which is how many there are. */
export interface AdsCounters {
  streams: number;
  connects: number;
  pushes: number;
  bytes: number;
  acks: number;
  nacks: number;
  overdue: number;
}
