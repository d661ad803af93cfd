import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject } from '../../kube/object.ts';
import { Reflector } from '../../kube/reflector.ts';
import type { Timing } from '../../kube/timing.ts';
import { NODES } from '../../kube/well-known.ts';
import { equal } from '../../util/equal.ts';
import type { Log } from '../../util/log.ts';
import { nodeAddresses } from './infra-state.ts';
import type { NodeAddresses } from './infra-state.ts';

export interface NodeWatchOptions {
  readonly client: KubeClient;
  readonly log: Log;
  readonly timing: Timing;
  readonly onChange: () => void;
}

/** Follows the nodes' addresses, from the first time that they are needed. */
export class NodeWatch {
  readonly #options: NodeWatchOptions;
  readonly #nodes = new Map<string, KubeObject>();
  #reflector: Reflector | undefined;
  #addresses: NodeAddresses = nodeAddresses([]);

  constructor(options: NodeWatchOptions) {
    this.#options = options;
  }

  get addresses(): NodeAddresses {
    return this.#addresses;
  }

  /** Begins, if it has not yet. */
  start(): void {
    if (this.#reflector !== undefined) return;
    const { client, log, timing } = this.#options;
    this.#reflector = new Reflector({
      client,
      log,
      timing,
      resource: NODES,
      onChange: ({ set, deleted }) => {
        // The rest of a Node, images above all, is large.
        for (const { apiVersion, kind, metadata, status } of set) this.#nodes.set(metadata.name, { apiVersion, kind, metadata: { name: metadata.name }, status: addressesIn(status) });
        for (const name of deleted) this.#nodes.delete(name);
        const addresses = nodeAddresses(this.#nodes.values());
        if (equal(addresses, this.#addresses)) return;
        this.#addresses = addresses;
        this.#options.onChange();
      },
    });
    this.#reflector.start();
  }

  async stop(): Promise<void> {
    await this.#reflector?.stop();
  }
}

function addressesIn(status: unknown): object {
  return { addresses: (status as { readonly addresses?: unknown } | undefined)?.addresses };
}
