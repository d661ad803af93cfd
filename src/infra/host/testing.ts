import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Bootstrap } from './bootstrap.ts';

/** A directory for one test, removed with everything in it when the scope that `await using`s it ends. */
export async function temporaryDir(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'moongate-test-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Waits until the condition holds; fails with `what` after the deadline. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, deadlineMs = 15_000): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await sleep(10);
  }
}

/** Gives a bootstrap one HTTP listener that proxies everything to one upstream, as the xDS server would. */
export function withListener(bootstrap: Bootstrap, { port, upstream }: { readonly port: number; readonly upstream: number }): Bootstrap {
  const fixed = bootstrap['static_resources'] as { clusters: object[] };
  return {
    ...bootstrap,
    static_resources: {
      clusters: [...fixed.clusters, {
        name: 'upstream',
        type: 'STATIC',
        load_assignment: { cluster_name: 'upstream', endpoints: [{ lb_endpoints: [{ endpoint: { address: address(upstream) } }] }] },
      }],
      listeners: [{
        name: 'http',
        address: address(port),
        filter_chains: [{ filters: [{ name: 'hcm', typed_config: connectionManager }] }],
      }],
    },
  };
}

function address(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}

const connectionManager = {
  '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
  stat_prefix: 'http',
  route_config: {
    name: 'all',
    virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'upstream', timeout: '0s' } }] }],
  },
  http_filters: [{ name: 'router', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' } }],
};
