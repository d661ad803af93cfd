import type { Cluster } from '../../cluster.ts';

/** Somebody who writes the same objects all the time, so that whoever wants to change the version that they have seen comes too late. */
export class Rival {
  readonly #cluster: Cluster;
  readonly #running: Promise<void>;
  #stopped = false;
  #writes = 0;
  #turn = 0;

  /** Writes to the objects at these paths, again and again. */
  constructor(cluster: Cluster, paths: readonly string[], writers = 4) {
    this.#cluster = cluster;
    this.#running = Promise.all(Array.from({ length: writers }, () => this.#run(paths))).then(() => {});
  }

  get writes(): number {
    return this.#writes;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #run(paths: readonly string[]): Promise<void> {
    const { client } = this.#cluster.controlPlane;
    while (!this.#stopped) {
      const path = paths[this.#turn++ % paths.length] ?? '';
      await client.send(path, { method: 'PATCH', body: { metadata: { annotations: { 'example.com/rival': String(this.#writes++) } } } });
    }
  }
}
