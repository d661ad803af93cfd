import { terminationOf, type FilterChain, type Listener } from '../../ir/listener.ts';
import { bestMatch } from '../../translate/hostname.ts';
import type { ListenerPart } from './explanation.ts';
import { hostOf, type Question } from './request.ts';
import type { KnownListener, World } from './world.ts';

/** The listener behind a chain, by the name that its author gave it. */
export function listenerPart(listener: Listener, chain: FilterChain | undefined, { world, question }: { readonly world: World; readonly question: Question }): ListenerPart {
  const { proxy, address, port, boundPort, transport } = listener;
  const named = onPort(world, { proxy, port, transport }).filter(({ fault }) => fault === undefined);
  const found = behind(chain, named) ?? bestOf(named, 'authority' in question ? hostOf(question.authority) : question.host) ?? named[0];
  return {
    gateway: found?.gateway ?? proxy,
    owner: found?.owner ?? `Gateway/${proxy}`,
    name: found?.name ?? '',
    address,
    port,
    boundPort,
    transport,
    serverNames: chain?.tls && chain.serverNames,
    certificates: (chain && terminationOf(chain)?.certificates) ?? [],
  };
}

/** A chain with TLS is a listener's own; without TLS the listeners of a port share one, and the host tells them apart. */
function behind(chain: FilterChain | undefined, named: readonly KnownListener[]): KnownListener | undefined {
  if (chain?.tls === undefined) return undefined;
  return named.find((each) => chain.name === each.chain || chain.name.startsWith(`${each.chain}|`));
}

function bestOf<T extends { readonly hostname: string }>(listeners: readonly T[], host: string): T | undefined {
  const byHost = new Map(listeners.map((each) => [each.hostname, each]));
  const best = bestMatch(byHost, host);
  return best === undefined ? undefined : byHost.get(best);
}

/** Why the listener that a host belongs to is not served; undefined: there is none such. */
export function unservedListener(world: World, at: { readonly proxy: string; readonly port: number; readonly transport: Listener['transport']; readonly host: string }): string | undefined {
  const found = bestOf(onPort(world, at), at.host);
  if (found?.fault === undefined) return undefined;
  return `listener "${found.name}" of ${found.owner.replace('/', ' ')}, which ${found.hostname === '*' ? 'every host' : found.hostname} belongs to, is not served (${found.fault})`;
}

function onPort(world: World, { proxy, port, transport }: { readonly proxy: string; readonly port: number; readonly transport: Listener['transport'] }): KnownListener[] {
  return world.gatewayListeners(proxy).filter((each) => each.port === port && each.transport === transport);
}
