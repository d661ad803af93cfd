import type { GatewayListener, RouteKind } from '../../api/types.ts';
import type { Transport } from '../../ir/listener.ts';

/** What a listener does with its traffic, and what routes that can carry (Gateway API, `ProtocolType`, `TLSModeType`, "Distinct Listeners"). */
export interface Handling {
  readonly transport: Transport;
  readonly tls: 'Terminate' | 'Passthrough' | undefined;
  /** 7: HTTP is read, and requests are routed; 4: connections are. */
  readonly layer: 4 | 7;
  readonly kinds: readonly RouteKind[];
}

const http = { transport: 'TCP', layer: 7, kinds: ['HTTPRoute', 'GRPCRoute'] } as const;
const stream = { transport: 'TCP', layer: 4 } as const;

/** A connection ends here with TLS and goes on without, by server name (TLSRoute) or whatever that is (TCPRoute); or it goes on as it is. */
const tls: Readonly<Record<'Terminate' | 'Passthrough', Handling>> = {
  Terminate: { ...stream, tls: 'Terminate', kinds: ['TLSRoute', 'TCPRoute'] },
  Passthrough: { ...stream, tls: 'Passthrough', kinds: ['TLSRoute'] },
};

const handling: ReadonlyMap<string, Handling> = new Map<string, Handling>([
  ['HTTP', { ...http, tls: undefined }],
  ['HTTPS', { ...http, tls: 'Terminate' }],
  ['TCP', { ...stream, tls: undefined, kinds: ['TCPRoute'] }],
  ['UDP', { transport: 'UDP', layer: 4, tls: undefined, kinds: ['UDPRoute'] }],
]);

/** What becomes of a listener's traffic; undefined: its protocol is not supported. */
export function handlingOf(listener: Pick<GatewayListener, 'protocol' | 'tls'>): Handling | undefined {
  return listener.protocol === 'TLS' ? tls[listener.tls?.mode ?? 'Terminate'] : handling.get(listener.protocol);
}
