import type { AddressPlan } from './address-plan.ts';
import { assign, GivenAddresses, routes } from './load-balancers.ts';
import type { Assignment, EndpointSlice, LoadBalancerService } from './load-balancers.ts';
import { routeLoadBalancer, unrouteLoadBalancer } from './network.ts';
import { ApiError } from '../control-plane/api-client.ts';
import type { ApiClient } from '../control-plane/api-client.ts';
import { follow } from '../control-plane/follow.ts';

/** What the controller works with. */
export interface LoadBalancerOptions {
  readonly plan: AddressPlan;
  /** Addresses of the nodes by name. With one node there is nothing to choose, and no route to set. */
  readonly nodes: ReadonlyMap<string, string>;
  readonly client: ApiClient;
  readonly signal: AbortSignal;
  readonly onError?: (error: unknown) => void;
}

/**
 * Gives every Service of type LoadBalancer an address, and leads this host to the nodes where it is answered, until the signal fires.
 * kube-proxy does the rest.
 */
export async function runLoadBalancers({ plan, nodes, client, signal, onError = () => {} }: LoadBalancerOptions): Promise<void> {
  let services: readonly LoadBalancerService[] = [];
  let slices: readonly EndpointSlice[] = [];
  const given = new GivenAddresses();
  const router = new Router(nodes);
  const common = { client, signal, onError };
  await Promise.all([
    follow<LoadBalancerService>({
      ...common,
      path: '/api/v1/services?fieldSelector=spec.type%3DLoadBalancer',
      onChange: async (objects) => {
        services = [...objects.values()];
        for (const assignment of assign(plan, given.laidOver(services), given.last)) {
          given.note(assignment);
          await write(client, assignment, signal).catch((error: unknown) => {
            given.forget(assignment);
            throw error;
          });
        }
        await router.want(routes(services, slices, nodes));
      },
    }),
    nodes.size === 1 ? undefined : follow<EndpointSlice>({
      ...common,
      path: '/apis/discovery.k8s.io/v1/endpointslices',
      onChange: async (objects) => {
        slices = [...objects.values()];
        await router.want(routes(services, slices, nodes));
      },
    }),
  ]);
}

/** The routes of this host to addresses that not every node answers. */
class Router {
  readonly #nodes: ReadonlyMap<string, string>;
  #set = new Map<string, string>();
  #work: Promise<void> = Promise.resolve();

  constructor(nodes: ReadonlyMap<string, string>) {
    this.#nodes = nodes;
  }

  /** One change after the other: two watches call. */
  want(wanted: ReadonlyMap<string, readonly string[]>): Promise<void> {
    if (this.#nodes.size === 1) return Promise.resolve();
    const work = this.#work.then(() => this.#apply(wanted));
    this.#work = work.catch(() => {});
    return work;
  }

  async #apply(wanted: ReadonlyMap<string, readonly string[]>): Promise<void> {
    for (const address of this.#set.keys()) {
      if (wanted.has(address)) continue;
      await unrouteLoadBalancer(address);
      this.#set.delete(address);
    }
    for (const [address, via] of wanted) {
      if (this.#set.get(address) === via.join()) continue;
      await routeLoadBalancer(address, via);
      this.#set.set(address, via.join());
    }
  }
}

async function write(client: ApiClient, { namespace, name, address }: Assignment, signal: AbortSignal): Promise<void> {
  try {
    await client.send(`/api/v1/namespaces/${namespace}/services/${name}/status`, {
      method: 'PATCH', body: { status: { loadBalancer: { ingress: [{ ip: address }] } } }, signal,
    });
  } catch (error) {
    // It is gone again.
    if (!(error instanceof ApiError && error.status === 404)) throw error;
  }
}
