import { request } from 'node:http';
import type { Transport } from '../../ir/listener.ts';
import { portName } from './ports.ts';

/** Answers larger than this are cut off with an error: a config dump of 10,000 routes has some 30 MB. */
const maxAnswerBytes = 256 * 1024 * 1024;

/** Envoy's admin interface on a unix domain socket. Every call rejects when Envoy does not answer within the time limit. */
export interface AdminClient {
  /** Whether Envoy has its first configuration and serves ('LIVE'); false also when nothing listens on the socket. */
  ready(): Promise<boolean>;
  /** Counters and gauges whose names match the regular expression, read right now. */
  stats(filter: string): Promise<ReadonlyMap<string, number>>;
  /**
   * Asks Envoy to get rid of its clients. 'graceful' goes on accepting, and tells each client to go away with its next response;
   * 'handover' stops accepting at once, because another process listens on the same ports.
   */
  drain(how: 'graceful' | 'handover'): Promise<void>;
  /** The effective configuration as Envoy prints it; `resource` is a field of its dump, such as `dynamic_listeners`. */
  configDump(resource?: string): Promise<unknown>;
  /** Ports on which Envoy has listeners, by `portName`. */
  listenerPorts(): Promise<ReadonlySet<string>>;
}

/** `timeoutMs` bounds each call (default 2,000). */
export function adminClient(socketPath: string, { timeoutMs = 2000 }: { readonly timeoutMs?: number } = {}): AdminClient {
  const ask = (method: 'GET' | 'POST', path: string): Promise<Answer> => call({ socketPath, method, path, timeoutMs });
  const mustAsk = async (method: 'GET' | 'POST', path: string): Promise<string> => {
    const answer = await ask(method, path);
    if (answer.status !== 200) throw new Error(`Envoy's admin interface answers ${method} ${path} with ${answer.status}: ${answer.body.trim()}`);
    return answer.body;
  };
  return {
    async ready() {
      try {
        const answer = await ask('GET', '/ready');
        return answer.status === 200 && answer.body.trim() === 'LIVE';
      } catch {
        return false;
      }
    },
    async stats(filter) {
      return parseStats(await mustAsk('GET', `/stats?usedonly&filter=${encodeURIComponent(filter)}`));
    },
    async drain(how) {
      await mustAsk('POST', '/healthcheck/fail');
      await mustAsk('POST', how === 'graceful' ? '/drain_listeners?graceful&skip_exit' : '/drain_listeners');
    },
    async configDump(resource) {
      const query = resource === undefined ? '?include_eds' : `?resource=${encodeURIComponent(resource)}`;
      return JSON.parse(await mustAsk('GET', `/config_dump${query}`));
    },
    async listenerPorts() {
      return parseListenerPorts(JSON.parse(await mustAsk('GET', '/listeners?format=json')));
    },
  };
}

/** Reads `name: number` lines; histograms and text readouts are left out. */
export function parseStats(text: string): Map<string, number> {
  const stats = new Map<string, number>();
  for (const line of text.split('\n')) {
    const match = /^(\S+): (\d+)$/.exec(line);
    if (match?.[1] !== undefined) stats.set(match[1], Number(match[2]));
  }
  return stats;
}

function parseListenerPorts(answer: unknown): Set<string> {
  const ports = new Set<string>();
  const { listener_statuses: statuses = [] } = answer as {
    listener_statuses?: { local_address?: Address; additional_local_addresses?: Address[] }[];
  };
  for (const status of statuses) {
    for (const address of [status.local_address, ...(status.additional_local_addresses ?? [])]) {
      const { port_value: port, protocol } = address?.socket_address ?? {};
      if (port !== undefined) ports.add(portName(port, protocol));
    }
  }
  return ports;
}

interface Address {
  readonly socket_address?: { readonly port_value?: number; readonly protocol?: Transport };
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

function call(options: { socketPath: string; method: string; path: string; timeoutMs: number }): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const { socketPath, method, path, timeoutMs } = options;
  const chunks: Buffer[] = [];
  let bytes = 0;
  // `agent: false`: a kept connection would be counted as a client of Envoy's and outlive the call.
  const outgoing = request({ socketPath, method, path, agent: false, signal: AbortSignal.timeout(timeoutMs) }, (incoming) => {
    incoming.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes > maxAnswerBytes) incoming.destroy(new Error(`the answer to ${method} ${path} has more than ${maxAnswerBytes} bytes`));
    });
    incoming.on('error', reject);
    incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }));
  });
  outgoing.on('error', (cause) => reject(new Error(`Envoy's admin interface at ${socketPath} does not answer ${method} ${path}: ${cause.message}`, { cause })));
  outgoing.end();
  return promise;
}
