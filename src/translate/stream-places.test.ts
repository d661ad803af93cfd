import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decoded } from './testing.ts';
import { translateOffline } from '../app/offline.ts';
import type { ControlPlane } from '../app/control-plane.ts';
import type { FilterChain } from '../ir/listener.ts';

/*
 * Random TLS listeners of one port and TLSRoutes, and for every server name: the route that has the chain which Envoy would pick is the
 * one that the specification picks, by a model without any index.
 */

const controllerName = 'example.com/controller';
const listenerHostnames = ['', '*.com', '*.b.com', 'a.b.com', '*.a.b.com'];
const routeHostnames = ['*.com', '*.b.com', 'a.b.com', 'b.com', '*.a.b.com', 'x.a.b.com', 'q.org'];
const serverNames = ['a.b.com', 'b.com', 'x.a.b.com', 'q.b.com', 'q.com', 'q.org'];

interface RouteSpec {
  readonly name: string;
  readonly createdAt: string;
  readonly section: string | undefined;
  readonly hostnames: readonly string[];
}

interface World {
  /** '' for none; they are called l0, l1 … */
  readonly listeners: readonly string[];
  readonly routes: readonly RouteSpec[];
}

const world: fc.Arbitrary<World> = fc.uniqueArray(fc.constantFrom(...listenerHostnames), { minLength: 1, maxLength: 4 }).chain((listeners) =>
  fc.record({
    listeners: fc.constant(listeners),
    routes: fc.uniqueArray(
      fc.record({
        name: fc.constantFrom('r', 's', 't', 'u'),
        createdAt: fc.constantFrom('2025-01-01T00:00:00Z', '2026-01-01T00:00:00Z'),
        section: fc.constantFrom(undefined, ...listeners.map((_, index) => `l${index}`)),
        hostnames: fc.uniqueArray(fc.constantFrom(...routeHostnames), { minLength: 1, maxLength: 3 }),
      }),
      { selector: ({ name }) => name, maxLength: 4 },
    ),
  }),
);

function fits(hostname: string, host: string): boolean {
  return hostname === '' || hostname === host || (hostname.startsWith('*') && host.endsWith(hostname.slice(1)));
}

/** Exact before wildcard before none; of wildcards the one with more characters. */
function specificity(hostname: string): number {
  return hostname === '' ? 0 : hostname.startsWith('*') ? hostname.length : 1000 + hostname.length;
}

function best(hostnames: readonly string[], host: string): string | undefined {
  return hostnames.filter((hostname) => fits(hostname, host)).toSorted((a, b) => specificity(b) - specificity(a))[0];
}

/** The listener with the most specific hostname has the connection; there, the route with the most specific one, then the oldest, then the first by name. */
function specified({ listeners, routes }: World, serverName: string): string {
  const owner = best(listeners, serverName);
  if (owner === undefined) return 'closed';
  const section = `l${listeners.indexOf(owner)}`;
  const candidates = routes
    .filter((route) => route.section === undefined || route.section === section)
    .flatMap((route) => {
      const hostname = best(route.hostnames, serverName);
      return hostname === undefined ? [] : [{ route, hostname }];
    })
    .toSorted((a, b) => specificity(b.hostname) - specificity(a.hostname) || a.route.createdAt.localeCompare(b.route.createdAt) || a.route.name.localeCompare(b.route.name));
  return candidates[0] === undefined ? 'closed' : `TLSRoute/default/${candidates[0].route.name}`;
}

function translated({ listeners, routes }: World): ControlPlane {
  const objects = [
    decoded('GatewayClass', { metadata: { name: 'ours' }, spec: { controllerName } }),
    decoded('Service', { metadata: { name: 'app' }, spec: { ports: [{ port: 80 }] } }),
    decoded('Gateway', {
      metadata: { name: 'web' },
      spec: { gatewayClassName: 'ours', listeners: listeners.map((hostname, index) => ({ name: `l${index}`, port: 443, protocol: 'TLS', tls: { mode: 'Passthrough' }, ...(hostname !== '' && { hostname }) })) },
    }),
    ...routes.map(({ name, createdAt, section, hostnames }) =>
      decoded('TLSRoute', {
        metadata: { name, creationTimestamp: createdAt },
        spec: { parentRefs: [{ name: 'web', ...(section !== undefined && { sectionName: section }) }], hostnames, rules: [{ backendRefs: [{ name: 'app', port: 80 }] }] },
      }),
    ),
  ];
  const changes = objects.map((resource) => ({ kind: resource.kind, key: resource.key, resource }));
  return translateOffline(changes, { settings: { controllerNames: [controllerName], ownsEverything: false, addresses: 'bound' } });
}

/** Envoy looks for the exact name, then for the longest wildcard, then for the chain without names. */
function picked({ outputs }: ControlPlane, serverName: string): string {
  const chains = [...outputs.listeners.values()].flatMap((listener) => listener.chains);
  const names = ({ serverNames: own }: FilterChain) => own[0] ?? '';
  const chain = chains.toSorted((a, b) => specificity(names(b)) - specificity(names(a))).find((one) => fits(names(one), serverName));
  return (chain?.target?.type === 'stream' && outputs.streamRoutes.get(chain.target.route)?.owner) || 'closed';
}

test('a connection goes to the route that the specification says, read naively', () => {
  fc.assert(
    fc.property(world, (one) => {
      const plane = translated(one);
      for (const serverName of serverNames) assert.equal(picked(plane, serverName), specified(one, serverName), serverName);
    }),
    { numRuns: 500 },
  );
});
