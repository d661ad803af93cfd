import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decoded } from './testing.ts';
import { translateOffline } from '../app/offline.ts';
import type { Settings } from './inputs.ts';
import type { ControlPlane } from '../app/control-plane.ts';
import { routeTableOf, type FilterChain, type RouteTable } from '../ir/listener.ts';
import type { RouteMatch, VirtualHost } from '../ir/route.ts';
import { selfSigned } from '../../test/e2e/support/certificate.ts';

/*
 * Random Gateways and routes, and for every request of a small world: the first match in the virtual host that Envoy
 * would pick is the one that the specification picks among all routes of the listener, by a model without any index.
 */

const controllerName = 'example.com/controller';
const settings: Settings = { controllerNames: [controllerName], ownsEverything: true, addresses: 'bound' };
const pair = selfSigned('example.com');

const listenerHostnames = ['', '*.com', '*.b.com', 'a.b.com', 'b.com', '*.a.b.com', 'x.a.b.com'];
const routeHostnames = ['*.com', '*.b.com', 'a.b.com', 'b.com', '*.a.b.com', 'x.a.b.com', 'q.org'];
const hosts = ['a.b.com', 'b.com', 'x.a.b.com', 'q.b.com', 'q.com', 'q.org'];
const paths = ['/', '/x', '/x/y', '/xx', '/x/y/z'];
const methods = ['GET', 'POST'];

interface MatchSpec {
  readonly path: { readonly type: 'Exact' | 'PathPrefix' | 'RegularExpression'; readonly value: string };
  readonly method?: string;
  readonly headers?: readonly { readonly name: string; readonly value: string }[];
}

interface RouteSpec {
  readonly name: string;
  readonly createdAt: string;
  readonly section: string | undefined;
  readonly hostnames: readonly string[];
  readonly rules: readonly (readonly MatchSpec[])[];
}

interface World {
  /** Hostnames of the listeners, '' for none; they are called l0, l1 … */
  readonly listeners: readonly string[];
  readonly routes: readonly RouteSpec[];
}

interface Request {
  readonly sni: string;
  readonly host: string;
  readonly path: string;
  readonly method: string;
  readonly version: string | undefined;
}

const match: fc.Arbitrary<MatchSpec> = fc.record(
  {
    path: fc.oneof(
      fc.record({ type: fc.constantFrom('Exact' as const, 'PathPrefix' as const), value: fc.constantFrom('/', '/x', '/x/', '/x/y') }),
      fc.constant({ type: 'RegularExpression' as const, value: '/x.*' }),
    ),
    method: fc.constantFrom(...methods),
    headers: fc.constant([{ name: 'Version', value: 'one' }]),
  },
  { requiredKeys: ['path'] },
);

const world: fc.Arbitrary<World> = fc
  .uniqueArray(fc.constantFrom(...listenerHostnames), { minLength: 1, maxLength: 4 })
  .chain((listeners) =>
    fc.record({
      listeners: fc.constant(listeners),
      routes: fc.uniqueArray(
        fc.record({
          name: fc.constantFrom('r', 's', 't', 'u', 'v'),
          createdAt: fc.constantFrom('2025-01-01T00:00:00Z', '2026-01-01T00:00:00Z'),
          section: fc.constantFrom(undefined, ...listeners.map((_, index) => `l${index}`)),
          hostnames: fc.uniqueArray(fc.constantFrom(...routeHostnames), { maxLength: 3 }),
          rules: fc.array(fc.array(match, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
        }),
        { selector: ({ name }) => name, maxLength: 4 },
      ),
    }),
  );

function requests(sni: readonly string[]): Request[] {
  return sni.flatMap((name) =>
    hosts.flatMap((host) =>
      paths.flatMap((path) =>
        methods.flatMap((method) =>
          ['one', undefined].map((version): Request => ({ sni: name === '' ? host : name, host, path, method, version })),
        ),
      ),
    ),
  );
}

// ---- the specification, read naively

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

function matches({ path, method, headers }: MatchSpec, request: Request): boolean {
  if (method !== undefined && method !== request.method) return false;
  if (headers !== undefined && request.version !== 'one') return false;
  switch (path.type) {
    case 'Exact':
      return request.path === path.value;
    case 'RegularExpression':
      return new RegExp(`^(?:${path.value})$`).test(request.path);
    case 'PathPrefix': {
      const prefix = path.value.replace(/\/$/, '');
      return request.path === prefix || request.path.startsWith(`${prefix}/`);
    }
  }
}

/** What orders matches, the first difference decides: larger first. */
function rank(route: RouteSpec, hostname: string, { path, method, headers }: MatchSpec): number[] {
  const type = { Exact: 2, RegularExpression: 1, PathPrefix: 0 }[path.type];
  const length = path.type === 'PathPrefix' ? path.value.replace(/(.)\/$/, '$1').length : path.value.length;
  return [specificity(hostname), type, length, method === undefined ? 0 : 1, headers?.length ?? 0, -Date.parse(route.createdAt)];
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at === -1 ? 0 : (b[at] ?? 0) - (a[at] ?? 0);
}

function specified({ listeners, routes }: World, request: Request, tls: boolean): string {
  const owner = best(listeners, request.host);
  if (tls) {
    const connected = best(listeners, request.sni);
    if (connected === undefined) return 'closed';
    if (owner !== undefined && owner !== connected) return '421';
  }
  if (owner === undefined) return '404';
  const section = `l${listeners.indexOf(owner)}`;
  const candidates = routes
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .filter((route) => route.section === undefined || route.section === section)
    .flatMap((route) => {
      const hostname = best(route.hostnames.length === 0 ? [''] : route.hostnames, request.host);
      if (hostname === undefined) return [];
      return route.rules.flatMap((rule, ruleIndex) =>
        rule.map((one, matchIndex) => ({
          match: one,
          rank: rank(route, hostname, one),
          name: `httproute/default/${route.name}/rule/${ruleIndex}/match/${matchIndex}`,
        })),
      );
    })
    .filter((candidate) => matches(candidate.match, request));
  // The sort is stable: what is left equal stays in the order of names, rules and matches.
  return candidates.toSorted((a, b) => compareRanks(a.rank, b.rank))[0]?.name ?? '404';
}

// ---- what Envoy makes of the translation

/** Envoy looks for the exact name, then for the longest wildcard, then for `*` or, of filter chains, the one without names. */
function envoyPicks<T>(items: readonly T[], names: (item: T) => readonly string[], host: string): T | undefined {
  const labels = host.split('.');
  const wanted = [host, ...labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join('.')}`), '*'];
  for (const name of wanted) {
    const found = items.find((item) => names(item).includes(name));
    if (found !== undefined) return found;
  }
  return undefined;
}

function routeFits({ path, method, headers }: RouteMatch, request: Request): boolean {
  return matches({ path, ...(method !== undefined && { method }), ...(headers.length > 0 && { headers }) }, request);
}

function answered(plane: ControlPlane, request: Request): string {
  const listener = [...plane.outputs.listeners.values()][0];
  const chains = listener?.chains ?? [];
  const names = ({ serverNames }: FilterChain) => (serverNames.length === 0 ? ['*'] : serverNames);
  const chain = envoyPicks(chains, names, request.sni);
  const table = chain && plane.outputs.routeTables.get(routeTableOf(chain) ?? '');
  if (table === undefined) return 'closed';
  const host = envoyPicks(domainsOf(plane, table), ({ domains }) => domains, request.host);
  if (host?.routes === undefined) return host === undefined ? '404' : '421';
  return host.routes.find((route) => routeFits(route.match, request))?.name ?? '404';
}

/** The virtual hosts of a table, with the one that answers 421. */
function domainsOf(plane: ControlPlane, table: RouteTable): { domains: readonly string[]; routes: VirtualHost['routes'] | undefined }[] {
  const own = [...plane.outputs.virtualHosts.values()].filter((host) => host.table === table.key);
  const taken = new Set(own.map(({ domain }) => domain));
  return [
    ...own.map(({ domain, routes }) => ({ domains: [domain], routes })),
    { domains: table.misdirected.filter((domain) => !taken.has(domain)), routes: undefined },
  ];
}

function translated({ listeners, routes }: World, tls: boolean): ControlPlane {
  const refs = { certificateRefs: [{ name: 'pair' }] };
  const objects = [
    decoded('GatewayClass', { metadata: { name: 'ours' }, spec: { controllerName } }),
    decoded('Secret', { metadata: { name: 'pair' }, stringData: { 'tls.crt': pair.chain, 'tls.key': pair.privateKey } }),
    decoded('Gateway', {
      metadata: { name: 'web' },
      spec: {
        gatewayClassName: 'ours',
        listeners: listeners.map((hostname, index) => ({
          name: `l${index}`,
          port: 80,
          protocol: tls ? 'HTTPS' : 'HTTP',
          ...(tls && { tls: refs }),
          ...(hostname !== '' && { hostname }),
        })),
      },
    }),
    ...routes.map(({ name, createdAt, section, hostnames, rules }) =>
      decoded('HTTPRoute', {
        metadata: { name, creationTimestamp: createdAt },
        spec: {
          parentRefs: [{ name: 'web', ...(section !== undefined && { sectionName: section }) }],
          hostnames,
          rules: rules.map((own) => ({ matches: own, filters: [{ type: 'RequestRedirect', requestRedirect: { port: 8080 } }] })),
        },
      }),
    ),
  ];
  return translateOffline(objects.map((resource) => ({ kind: resource.kind, key: resource.key, resource })), { settings });
}

test('every request of a plain listener is answered by the route that the specification names', () => {
  fc.assert(
    fc.property(world, (spec) => {
      const plane = translated(spec, false);
      for (const request of requests([''])) assert.equal(answered(plane, request), specified(spec, request, false), JSON.stringify(request));
    }),
    { numRuns: 150 },
  );
});

test('every request over TLS is answered by the listener of its connection, or with 421 when the host belongs to another', () => {
  fc.assert(
    fc.property(world, (spec) => {
      const plane = translated(spec, true);
      const sni = ['a.b.com', 'b.com', 'x.a.b.com', 'q.b.com', 'q.org'];
      for (const request of requests(sni)) assert.equal(answered(plane, request), specified(spec, request, true), JSON.stringify(request));
    }),
    { numRuns: 60 },
  );
});
