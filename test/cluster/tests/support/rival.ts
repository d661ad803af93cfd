import type { Cluster } from '../../cluster.ts';
import { ApiError } from '../../control-plane/api-client.ts';

/** Somebody who writes the same objects all the time, so that whoever wants to change the version that they have seen comes too late. */
export class Rival {
  readonly #cluster: Cluster;
  readonly #running: Promise<unknown>;
  #stopped = false;
  #writes = 0;
  #failure: unknown;

  /** Writes to the objects at these paths, one after the other, again and again. */
  constructor(cluster: Cluster, paths: readonly string[]) {
    this.#cluster = cluster;
    this.#running = this.#run(paths).catch((error: unknown) => (this.#failure = error));
  }

  get writes(): number {
    return this.#writes;
  }

  /** Rejects when it could not write. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    if (this.#failure !== undefined) throw this.#failure;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #run(paths: readonly string[]): Promise<void> {
    const { client } = this.#cluster.controlPlane;
    while (!this.#stopped) {
      const number = this.#writes++;
      const path = paths[number % paths.length] ?? '';
      await client.send(path, { method: 'PATCH', body: { metadata: { annotations: { 'example.com/rival': String(number) } } } }).catch((error: unknown) => {
        // It has rivals too.
        if (!(error instanceof ApiError && error.status === 409)) throw error;
      });
    }
  }
}
