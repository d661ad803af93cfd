import type { Backend, Endpoint } from '../../src/ir/backend.ts';
import type { FilterChain, Listener } from '../../src/ir/listener.ts';
import { noHeaderChanges } from '../../src/ir/route.ts';
import type { Action, Forward, HeaderChanges, Route, RouteMatch, Rule, VirtualHost, WeightedBackend } from '../../src/ir/route.ts';

/** Short ways to write ir values in tests. */

/** A server on loopback. */
export function loopback(port: number, more: Partial<Endpoint> = {}): Endpoint {
  return { address: { type: 'ip', ip: '127.0.0.1', port }, zone: '', draining: false, ...more };
}

export function virtualHost(table: string, domain: string, hostRoutes: readonly Route[]): VirtualHost {
  return { key: `${table}|${domain}`, table, domain, routes: hostRoutes };
}

/** A route for every path unless told otherwise. */
export function route(name: string, rule: Rule, match: Partial<RouteMatch> = {}): Route {
  const path: RouteMatch['path'] = { type: 'PathPrefix', value: '/' };
  return { name, match: { path, method: undefined, headers: [], queryParams: [], ...match }, rule };
}

export function rule(action: Action, more: Partial<Rule> = {}): Rule {
  return {
    owner: 'HTTPRoute/e2e/route',
    ownerVersion: '1',
    name: '',
    protocol: 'http',
    requestHeaders: noHeaderChanges,
    responseHeaders: noHeaderChanges,
    cors: undefined,
    externalAuth: undefined,
    mirrors: [],
    action,
    ...more,
  };
}

export function direct(statusCode: number, body: string): Rule {
  return rule({ type: 'direct', statusCode, body });
}

/** A rule that forwards to backends, given by key or whole. */
export function forward(backends: readonly (string | WeightedBackend)[], action: Partial<Forward> = {}, more: Partial<Rule> = {}): Rule {
  const weighted = backends.map((backend) => (typeof backend === 'string' ? share(backend, 1) : backend));
  const timeouts = { request: undefined, backendRequest: undefined };
  return rule({ type: 'forward', backends: weighted, rewrite: undefined, timeouts, retry: undefined, ...action }, more);
}

export function share(backend: string | undefined, weight: number, more: Partial<WeightedBackend> = {}): WeightedBackend {
  return { backend, weight, requestHeaders: noHeaderChanges, responseHeaders: noHeaderChanges, rewrite: undefined, session: undefined, ...more };
}

export function changes(part: Partial<HeaderChanges>): HeaderChanges {
  return { set: [], add: [], remove: [], ...part };
}

/** A backend that is found by endpoints and speaks HTTP/1.1 unless told otherwise. */
export function backend(key: string, more: Partial<Backend> = {}): Backend {
  return { key, owner: `Service/${key}`, ownerVersion: '1', protocol: 'http1', tls: undefined, discovery: { type: 'endpoints' }, ...more };
}

/** A listener on loopback, on a port that the system chooses; plain HTTP with one table of the same key unless told otherwise. */
export function listener(key: string, port: number, chains?: readonly FilterChain[]): Listener {
  const plain: FilterChain = { name: 'http', serverNames: [], tls: undefined, target: { type: 'routes', table: key } };
  return { key, proxy: 'e2e/gw', transport: 'TCP', owners: [{ owner: 'Gateway/e2e/gw', ownerVersion: '1' }], port, boundPort: 0, address: '127.0.0.1', filterOrder: [], chains: chains ?? [plain] };
}
