import { isIP } from 'node:net';
import { routeTableOf, terminationOf, type FilterChain, type Listener } from '../../ir/listener.ts';
import { bestMatch } from '../../translate/hostname.ts';
import { unservedListener } from './listener-part.ts';
import { hostOf, type Question } from './request.ts';
import type { World } from './world.ts';

/** The socket that a client reaches and what happens to the connection, or why there is none. */
export type Connection =
  | { readonly listener: Listener; readonly chain: FilterChain | undefined; readonly steps: readonly string[] }
  | { readonly listener?: Listener; readonly chain?: FilterChain; readonly failure: string; readonly steps: readonly string[] };

/** Finds the listener and filter chain for a connection. `gateway` chooses among Gateways that want the same port. */
export function connect(question: Question, world: World, gateway?: string): Connection {
  const transport = question.scheme === 'udp' ? 'UDP' : 'TCP';
  const all = [...world.listeners()].filter((each) => each.transport === transport && (gateway === undefined || serves(world, each.proxy, gateway)));
  const bound = all.filter((listener) => listener.boundPort === question.port && reaches(question.host, listener.address));
  const candidates = bound.length > 0 ? bound : all.filter((listener) => listener.port === question.port && reaches(question.host, listener.address));
  const listener = candidates.find((each) => knowsHost(each, question, world)) ?? candidates[0];
  if (listener === undefined) return { failure: nobody(question, world, gateway), steps: [] };
  const steps = portSteps(question, listener, candidates);
  return chainFor(question, listener, { world, steps });
}

/** A port speaks TLS or it does not. Bytes that nobody here looks into may be TLS all the same. */
function chainFor(question: Question, listener: Listener, { world, steps }: { readonly world: World; readonly steps: readonly string[] }): Connection {
  const { scheme } = question;
  const [plain] = listener.chains;
  const withTls = listener.chains.some(({ tls, serverNames }) => tls !== undefined || serverNames.length > 0);
  if (withTls && (scheme === 'https' || scheme === 'tls')) return tlsConnection(question, listener, { world, steps });
  const isHttp = listener.chains.some((chain) => routeTableOf(chain) !== undefined);
  if (withTls) return { listener, failure: `port ${listener.port} speaks TLS: ${isHttp ? 'https' : 'tls'} is needed`, steps };
  if (isHttp && scheme !== 'http') return { listener, failure: `port ${listener.port} ${scheme === 'tcp' ? 'speaks HTTP' : 'does not speak TLS'}: http is needed`, steps };
  const ownTls = scheme === 'https' || scheme === 'tls' ? ['TLS is between the client and the server behind: nobody here looks into it'] : [];
  return { listener, chain: plain, steps: [...steps, ...ownTls] };
}

/** TLS names the server the client asked for (SNI), unless it asked for an address (RFC 6066 §3). */
function tlsConnection(question: Question, listener: Listener, { world, steps }: { readonly world: World; readonly steps: readonly string[] }): Connection {
  const bare = question.host.replace(/^\[(.*)\]$/, '$1');
  const serverName = isIP(bare) === 0 ? bare : undefined;
  const named = new Map(listener.chains.flatMap((chain) => (chain.serverNames.length === 0 ? ['*'] : chain.serverNames).map((name) => [name, chain] as const)));
  const best = serverName === undefined ? (named.has('*') ? '*' : undefined) : bestMatch(named, serverName);
  const chain = best === undefined ? undefined : named.get(best);
  if (chain === undefined) {
    const names = [...named.keys()].join(', ');
    const { proxy, port, transport } = listener;
    const why = unservedListener(world, { proxy, port, transport, host: serverName ?? '*' }) ?? `no listener of port ${port} has a hostname for ${serverName ?? 'it'}`;
    const failure = `TLS fails: ${serverName === undefined ? 'the client names no server' : why} (there is: ${names})`;
    return { listener, failure, steps };
  }
  const taken = [...steps, `TLS server name ${serverName ?? '(none)'} leads to listener "${chain.name}"`, ...tlsSteps(chain)];
  if (question.scheme === 'tls' && routeTableOf(chain) !== undefined) return { listener, chain, failure: `TLS ends here and HTTP is spoken inside: ask with https`, steps: taken };
  return { listener, chain, steps: taken };
}

/** What becomes of TLS, and what the client has to show. */
function tlsSteps(chain: FilterChain): string[] {
  if (chain.tls === 'passthrough') return ['TLS passes through: the server behind shows its certificate'];
  const validation = terminationOf(chain)?.clientValidation;
  if (validation === undefined) return [];
  const ca = `a CA of ${validation.trustBundle}`;
  return [validation.required ? `the client has to show a certificate of ${ca}, or TLS fails` : `the client is asked for a certificate of ${ca}, and let in whatever it shows`];
}

function reaches(host: string, address: string): boolean {
  if (address === '0.0.0.0' || address === '::' || isIP(host) === 0) return true;
  return host === address;
}

/** A proxy may be that of several Gateways. */
function serves(world: World, proxy: string, gateway: string): boolean {
  return proxy === gateway || world.gatewayListeners(proxy).some((listener) => listener.gateway === gateway);
}

function knowsHost(listener: Listener, question: Question, world: World): boolean {
  if (!('authority' in question)) return listener.chains.some(({ serverNames }) => serverNames.includes(question.host));
  return listener.chains.some((chain) => world.virtualHost(routeTableOf(chain) ?? '', hostOf(question.authority)) !== undefined);
}

function portSteps({ port }: Question, listener: Listener, candidates: readonly Listener[]): string[] {
  const steps: string[] = [];
  if (listener.boundPort !== port) steps.push(`port ${port} of Gateway ${listener.proxy} is bound as ${listener.boundPort}: connect there`);
  const others = candidates.filter((each) => each !== listener).map(({ proxy }) => proxy);
  if (others.length > 0) steps.push(`port ${port} is that of ${others.join(', ')} too: name one with --gateway`);
  return steps;
}

function nobody({ port, host, scheme }: Question, world: World, gateway: string | undefined): string {
  const transport = scheme === 'udp' ? 'UDP' : 'TCP';
  const wanted = [...world.ports()].filter((each) => each.port === port && each.transport === transport && (gateway === undefined || serves(world, each.proxy, gateway)));
  const [first] = wanted;
  if (first !== undefined) {
    const why = first.error ?? unservedListener(world, { ...first, host });
    return `Gateway ${first.proxy} wants port ${port} but does not have it${why === undefined ? '' : `: ${why}`}`;
  }
  const ports = [...world.listeners()].map((listener) => `${listener.boundPort}${listener.transport === 'UDP' ? ' UDP' : ''} (Gateway ${listener.proxy})`);
  return `no Gateway listens on port ${port}${isIP(host) === 0 ? '' : ` of ${host}`}${scheme === 'udp' ? ' for UDP' : ''}; there is: ${ports.join(', ') || 'none at all'}`;
}
