import type { ProxyState as ProcessState } from '../infra/host/proxy-state.ts';
import type { ProxyState } from '../translate/inputs.ts';
import type { AdsServer } from '../xds/server/ads-server.ts';
import type { ResourceStore } from '../xds/server/resources.ts';

/** A host has no one address: what is bound to all of them is reached at any. */
const addresses = [{ type: 'IPAddress', value: '0.0.0.0' }] as const;

/** A proxy is ready when its process is live and has taken all of its listeners. */
export function proxyReadiness(id: string, process: ProcessState, xds: { readonly ads: AdsServer; readonly store: ResourceStore }): ProxyState {
  switch (process.kind) {
    case 'running':
      return listenersTaken(id, process.pid, xds);
    case 'backoff':
      return { ready: false, message: `Envoy is not running: ${process.reason}`, addresses };
    case 'starting':
    case 'draining':
    case 'stopped':
      return { ready: false, message: `Envoy is ${process.kind}`, addresses };
  }
}

function listenersTaken(id: string, pid: number, { ads, store }: { readonly ads: AdsServer; readonly store: ResourceStore }): ProxyState {
  for (const name of store.names(id, 'LDS')) {
    const states = ads.ackState(id, 'LDS', name);
    // While no Envoy is connected, it serves what it had; whether that is what is wanted shows when it comes back.
    const pending = states.find(({ state }) => state !== 'acked');
    if (pending !== undefined) return { ready: false, message: `Envoy has not taken listener ${name} yet (${pending.state})`, addresses };
  }
  return { ready: true, message: `Envoy runs (pid ${pid})`, addresses };
}
