import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Cluster } from '../../cluster.ts';
import { runOn } from '../../lifetime/machine.ts';
import { podCidr } from '../../network/address-plan.ts';

const table = 'ip moongate_cutting_proxy';

/**
 * Stands between the Pods of a cluster and the API server, and cuts connections in the middle of what the API server says:
 *
 *     Pod ── 10.S.128.1:443 ── node's rules ──► this process ──► API server
 *
 * It sees TLS only, so nobody has to trust it. Connections that are older than it go their own way.
 */
export class CuttingProxy {
  readonly #server: Server;
  readonly #cluster: Cluster;
  readonly #open = new Set<Socket>();
  #limit: number | undefined;
  /** Bytes of each connection since the limit was set. */
  #seen = new Map<Socket, number>();
  #cuts = 0;

  private constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#relay(client));
  }

  /** Resolves when new connections of all nodes' Pods go through it. */
  static async start(cluster: Cluster): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(cluster);
    await new Promise<void>((resolve, reject) => proxy.#server.once('error', reject).listen(0, cluster.plan.host, resolve));
    try {
      await proxy.#lead();
      return proxy;
    } catch (error) {
      await proxy.close();
      throw error;
    }
  }

  /** Connections that were cut. */
  get cuts(): number {
    return this.#cuts;
  }

  /** Cuts each connection after so many bytes from the API server, counted from here on; undefined: none any more. */
  cutAfter(bytes: number | undefined): void {
    this.#limit = bytes;
    this.#seen = new Map();
  }

  /** The cluster's rules go with the cluster. */
  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #lead(): Promise<void> {
    const { plan, nodes } = this.#cluster;
    const { port } = this.#server.address() as AddressInfo;
    for (const [index, { machine }] of nodes.entries()) {
      const input = `
        table ${table} {
          # Before kube-proxy's own rules; they find nothing left to translate.
          chain prerouting {
            type nat hook prerouting priority dstnat - 10;
            ip saddr ${podCidr(plan, index)} ip daddr ${plan.kubernetesService} tcp dport 443 dnat to ${plan.host}:${port}
          }
        }
      `;
      await runOn(machine, 'nft', ['-f', '-'], { input });
    }
  }

  #relay(client: Socket): void {
    const { hostname, port } = new URL(this.#cluster.controlPlane.access.server);
    const server = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    for (const [socket, other] of [[client, server], [server, client]] as const) {
      this.#open.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#open.delete(socket);
        this.#seen.delete(socket);
        other.destroy();
      });
    }
    client.pipe(server);
    server.on('end', () => client.end());
    client.on('drain', () => server.resume());
    server.on('data', (chunk: Buffer) => {
      const seen = (this.#seen.get(server) ?? 0) + chunk.length;
      this.#seen.set(server, seen);
      const over = this.#limit === undefined ? 0 : seen - this.#limit;
      if (over > 0) {
        this.#cuts++;
        // What is below the limit is still sent; half of an event arrives.
        server.pause();
        client.end(chunk.subarray(0, Math.max(0, chunk.length - over)), () => server.destroy());
      } else if (!client.write(chunk)) server.pause();
    });
  }
}
