import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

import type { Transport } from '../../ir/listener.ts';
import { portHolder } from './port-holder.ts';

/** A port that a listener of a proxy asks for. A proxy may ask for the same port several times. */
export interface WantedPort {
  readonly proxy: string;
  readonly port: number;
  /** TCP when absent. */
  readonly transport?: Transport;
  /** Local IP address; all IPv4 addresses when absent. */
  readonly address?: string;
}

/**
 * What became of a wanted port.
 * - `bound`: the port to listen on. When it is not the wanted one, `note` says so and why, for a log or a condition.
 * - `error`: why it cannot be had now, and what to change; ask again after `retryAfterMs`.
 */
export type ResolvedPort = WantedPort & (
  | { readonly bound: number; readonly note?: string; readonly error?: never; readonly retryAfterMs?: never }
  | { readonly error: string; readonly retryAfterMs: number; readonly bound?: never }
);

/** What an attempt to listen shows. */
export type ProbeResult = 'free' | 'taken' | 'forbidden' | 'no-such-address';

/** `heldPorts` tells which proxy of ours listens on which port already, by `portName`; the others stand for the machine in tests. */
export interface PortBinderOptions {
  readonly heldPorts?: () => Promise<ReadonlyMap<string, string>>;
  readonly probe?: (port: number, address: string, transport?: Transport) => Promise<ProbeResult>;
  readonly holder?: (port: number, transport?: Transport) => Promise<string | undefined>;
}

/** How soon a port that could not be had is worth another look. */
export const portRetryMs = 5000;

const anyAddress = '0.0.0.0';

/**
 * Decides which port each listener gets, by trying.
 *
 * Trying is necessary because Envoy listens with SO_REUSEPORT: two gateways of one user on one port both succeed, and each
 * gets a part of the other one's connections. And it covers whatever allows a low port: root, a capability, a sysctl.
 *
 * A port once given stays with its proxy until it is no longer wanted; it is not tried again, since the attempt itself could be
 * what keeps Envoy from listening.
 */
export class PortBinder {
  readonly #heldPorts: () => Promise<ReadonlyMap<string, string>>;
  readonly #probe: NonNullable<PortBinderOptions['probe']>;
  readonly #holder: NonNullable<PortBinderOptions['holder']>;
  #given = new Map<string, { readonly bound: number; readonly note?: string }>();
  #work: Promise<unknown> = Promise.resolve();

  constructor(options: PortBinderOptions = {}) {
    this.#heldPorts = options.heldPorts ?? (() => Promise.resolve(new Map()));
    this.#probe = options.probe ?? probePort;
    this.#holder = options.holder ?? portHolder;
  }

  /** Resolves all that is wanted now, in the same order. Of two proxies that want one port, the one that has it keeps it; if none has, the earlier gets it. */
  resolve(wanted: readonly WantedPort[]): Promise<readonly ResolvedPort[]> {
    const result = this.#work.then(() => this.#resolve(wanted));
    this.#work = result.catch(() => {});
    return result;
  }

  /** Forgets what a proxy was given: its Envoy is gone, and others may have come in between. */
  release(proxy: string): void {
    for (const key of this.#given.keys()) if (key.startsWith(`${proxy} `)) this.#given.delete(key);
  }

  async #resolve(wanted: readonly WantedPort[]): Promise<readonly ResolvedPort[]> {
    const before = this.#given;
    this.#given = new Map();
    const explicit = new Set(wanted.map(({ port }) => port));
    const taken: Taken[] = [];
    const results: ResolvedPort[] = [];
    const errors = new Map<string, string>();
    let held: ReadonlyMap<string, string> | undefined;
    // Who has a port keeps it, whatever the order: a newcomer must not take down what works.
    for (const want of wanted) {
      const known = before.get(keyOf(want));
      if (known !== undefined) this.#give(want, known, taken);
    }
    for (const want of wanted) {
      const key = keyOf(want);
      const known = this.#given.get(key);
      if (known !== undefined) {
        results.push({ ...want, ...known });
        continue;
      }
      held ??= await this.#heldPorts();
      const answer = errors.get(key) ?? await this.#find(want, { explicit, taken, held });
      if (typeof answer === 'string') {
        errors.set(key, answer);
        results.push({ ...want, error: answer, retryAfterMs: portRetryMs });
      } else {
        this.#give(want, answer, taken);
        results.push({ ...want, ...answer });
      }
    }
    return results;
  }

  #give(want: WantedPort, given: { readonly bound: number; readonly note?: string }, taken: Taken[]): void {
    this.#given.set(keyOf(want), given);
    taken.push({ ...want, bound: given.bound });
  }

  /** The port to listen on, or the error text. */
  async #find(want: WantedPort, around: Around): Promise<{ bound: number; note?: string } | string> {
    const first = await this.#try(want, want.port, around);
    if (first === 'free') return { bound: want.port };
    if (first !== 'forbidden') return first;
    const high = want.port + (around.explicit.has(want.port + 8000) ? 10_000 : 8000);
    const why = `port ${want.port} needs a privilege that this user does not have`;
    const second = await this.#try(want, high, around);
    if (second === 'free') return { bound: high, note: `${why}: listening on port ${high} in its place` };
    return second === 'forbidden' ? `${why}, and so does port ${high}, which would take its place` : `${why}, and ${second}`;
  }

  async #try(want: WantedPort, port: number, { taken, held }: Around): Promise<'free' | 'forbidden' | (string & {})> {
    const owner = ownerOf(taken, want, port);
    if (owner !== undefined && owner.proxy !== want.proxy) {
      return `port ${port} belongs to ${owner.proxy}, which asked for it first: choose another port for one of them`;
    }
    const ours = held.get(portName(port, want.transport));
    if (owner !== undefined || ours === want.proxy) return 'free';
    const address = want.address ?? anyAddress;
    const result = await this.#probe(port, address, want.transport);
    if (result === 'free' || result === 'forbidden') return result;
    if (result === 'no-such-address') return `${address} is not an address of this machine: listener on port ${port} cannot use it`;
    if (ours !== undefined) return `port ${port} is still held by ${ours}: choose another port, unless that one is giving it up`;
    const holder = await this.#holder(port, want.transport) ?? 'another process';
    return `port ${port} is taken by ${holder}: stop that process, or give the listener another port`;
  }
}

interface Around {
  readonly explicit: ReadonlySet<number>;
  readonly taken: readonly Taken[];
  readonly held: ReadonlyMap<string, string>;
}

type Taken = WantedPort & { readonly bound: number };

/** Who has the port already on an address that overlaps; the proxy itself counts too. */
function ownerOf(taken: readonly Taken[], want: WantedPort, port: number): Taken | undefined {
  const { address = anyAddress, transport } = want;
  return taken.find((other) => portName(other.bound, other.transport) === portName(port, transport) && overlap(other.address ?? anyAddress, address));
}

function overlap(a: string, b: string): boolean {
  return a === b || [a, b].some((address) => address === anyAddress || address === '::');
}

/** `53/UDP`: the two transports have numbers of their own. */
export function portName(port: number, transport: Transport = 'TCP'): string {
  return `${port}/${transport}`;
}

/** Proxy ids hold no blanks. */
function keyOf({ proxy, port, transport, address = anyAddress }: WantedPort): string {
  return `${proxy} ${address} ${portName(port, transport)}`;
}

/** Listens for a moment, without SO_REUSEPORT, and accepts nothing. */
export function probePort(port: number, address: string, transport: Transport = 'TCP'): Promise<ProbeResult> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      if (error.code === 'EADDRINUSE') resolve('taken');
      else if (error.code === 'EACCES' || error.code === 'EPERM') resolve('forbidden');
      else if (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT') resolve('no-such-address');
      else reject(error);
    };
    if (transport === 'UDP') {
      const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4' });
      socket.on('error', (error: NodeJS.ErrnoException) => socket.close(() => failed(error)));
      socket.bind({ port, address, exclusive: true }, () => socket.close(() => resolve('free')));
    } else {
      const server = createServer((socket) => socket.destroy());
      server.on('error', failed);
      server.listen({ port, host: address, exclusive: true, backlog: 1 }, () => server.close(() => resolve('free')));
    }
  });
}
