import { isIP } from 'node:net';
import { routeTableOf, type FilterChain, type Listener } from '../../ir/listener.ts';
import { bestMatch } from '../../translate/hostname.ts';
import type { ExplainedRequest } from './request.ts';
import { hostOf } from './request.ts';
import type { World } from './world.ts';

/** The socket that a client reaches and what happens to the connection, or why there is none. */
export type Connection =
  | { readonly listener: Listener; readonly chain: FilterChain; readonly steps: readonly string[] }
  | { readonly listener?: Listener; readonly failure: string; readonly steps: readonly string[] };

/** Finds the listener and filter chain for a connection. `gateway` chooses among Gateways that want the same port. */
export function connect(request: ExplainedRequest, world: World, gateway?: string): Connection {
  const all = [...world.listeners()].filter(({ proxy, transport }) => transport === 'TCP' && (gateway === undefined || proxy === gateway));
  const bound = all.filter((listener) => listener.boundPort === request.port && reaches(request.host, listener.address));
  const candidates = bound.length > 0 ? bound : all.filter((listener) => listener.port === request.port && reaches(request.host, listener.address));
  const listener = candidates.find((each) => knowsHost(each, request, world)) ?? candidates[0];
  if (listener === undefined) return { failure: nobody(request, world, gateway), steps: [] };
  const steps = portSteps(request, listener, candidates);
  const withTls = listener.chains.some(({ tls }) => tls !== undefined);
  if (withTls !== (request.scheme === 'https')) {
    const failure = withTls ? `port ${listener.port} speaks TLS: https is needed` : `port ${listener.port} does not speak TLS: http is needed`;
    return { listener, failure, steps };
  }
  const [plain] = listener.chains;
  if (!withTls && plain !== undefined) return { listener, chain: plain, steps };
  return tlsConnection(request, listener, steps);
}

/** TLS names the server the client asked for (SNI), unless it asked for an address (RFC 6066 §3). */
function tlsConnection(request: ExplainedRequest, listener: Listener, steps: readonly string[]): Connection {
  const bare = request.host.replace(/^\[(.*)\]$/, '$1');
  const serverName = isIP(bare) === 0 ? bare : undefined;
  const named = new Map(listener.chains.flatMap((chain) => (chain.serverNames.length === 0 ? ['*'] : chain.serverNames).map((name) => [name, chain] as const)));
  const best = serverName === undefined ? (named.has('*') ? '*' : undefined) : bestMatch(named, serverName);
  const chain = best === undefined ? undefined : named.get(best);
  if (chain === undefined) {
    const names = [...named.keys()].join(', ');
    const failure = `TLS fails: ${serverName === undefined ? 'the client names no server' : `no listener of port ${listener.port} has a hostname for ${serverName}`} (there is: ${names})`;
    return { listener, failure, steps };
  }
  return { listener, chain, steps: [...steps, `TLS server name ${serverName ?? '(none)'} leads to listener "${chain.name}"`] };
}

function reaches(host: string, address: string): boolean {
  if (address === '0.0.0.0' || address === '::' || isIP(host) === 0) return true;
  return host === address;
}

function knowsHost(listener: Listener, request: ExplainedRequest, world: World): boolean {
  return listener.chains.some((chain) => world.virtualHost(routeTableOf(chain) ?? '', hostOf(request.authority)) !== undefined);
}

function portSteps(request: ExplainedRequest, listener: Listener, candidates: readonly Listener[]): string[] {
  const steps: string[] = [];
  if (listener.boundPort !== request.port) steps.push(`port ${request.port} of Gateway ${listener.proxy} is bound as ${listener.boundPort}: connect there`);
  const others = candidates.filter((each) => each !== listener).map(({ proxy }) => proxy);
  if (others.length > 0) steps.push(`port ${request.port} is that of ${others.join(', ')} too: name one with --gateway`);
  return steps;
}

function nobody({ port, host }: ExplainedRequest, world: World, gateway: string | undefined): string {
  const wanted = [...world.ports()].filter((each) => each.port === port && (gateway === undefined || each.proxy === gateway));
  const [first] = wanted;
  if (first !== undefined) return `Gateway ${first.proxy} wants port ${port} but does not have it${first.error === undefined ? '' : `: ${first.error}`}`;
  const ports = [...world.listeners()].map((listener) => `${listener.boundPort} (Gateway ${listener.proxy})`);
  return `no Gateway listens on port ${port}${isIP(host) === 0 ? '' : ` of ${host}`}; there is: ${ports.join(', ') || 'none at all'}`;
}
