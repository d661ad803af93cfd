import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterNode } from '../../node/node.ts';

const intervalMs = 1000;

/**
 * What a cloud's load balancer does for a Service with `externalTrafficPolicy: Local`: it asks the health check port of every node once a second,
 * and leads requests to the nodes that say that they have a ready Pod.
 */
export class HealthCheckedNodes {
  readonly #nodes: readonly ClusterNode[];
  readonly #port: number;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #healthy: readonly string[] = [];
  #turn = 0;

  constructor(nodes: readonly ClusterNode[], healthCheckPort: number) {
    this.#nodes = nodes;
    this.#port = healthCheckPort;
    this.#running = this.#run();
  }

  /** Addresses of the nodes that are healthy. */
  get healthy(): readonly string[] {
    return this.#healthy;
  }

  /** The healthy nodes' addresses in turn. */
  next(): string {
    return this.#healthy[this.#turn++ % this.#healthy.length] ?? '127.0.0.1';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const answers = await Promise.all(this.#nodes.map(async ({ address }) => {
        const response = await fetch(`http://${address}:${this.#port}/healthz`, { signal: AbortSignal.timeout(intervalMs), headers: { connection: 'close' } }).catch(() => undefined);
        return response?.ok === true ? [address] : [];
      }));
      this.#healthy = answers.flat();
      await sleep(intervalMs, undefined, { signal }).catch(() => {});
    }
  }
}
