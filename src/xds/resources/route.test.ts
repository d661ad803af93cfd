import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBinary, toJson, createRegistry } from '@bufbuild/protobuf';
import { RouteSchema } from '../../gen/envoy/config/route/v3/route_components_pb.ts';
import { CorsPolicySchema } from '../../gen/envoy/extensions/filters/http/cors/v3/cors_pb.ts';
import { PreviousHostsPredicateSchema } from '../../gen/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.ts';
import type { Route } from '../../ir/route.ts';
import { changes, forward, route, rule, share } from '../../../test/support/ir-values.ts';
import { encodeRoute } from './route.ts';
import { encodeRule } from './rule.ts';

const context = { port: 80, scheme: 'http', domain: 'a.test' } as const;
const registry = createRegistry(CorsPolicySchema, PreviousHostsPredicateSchema);

function decoded(value: Route): unknown[] {
  return encodeRoute(value, context).map((bytes) => toJson(RouteSchema, fromBinary(RouteSchema, bytes), { registry }));
}

test('a plain forward is a match, a cluster and no time limit', () => {
  const match = { method: 'GET', path: { type: 'PathPrefix', value: '/a/' } } as const;
  assert.deepEqual(decoded(route('r', forward(['service/ns/a/80']), match)), [
    {
      name: 'r',
      match: { pathSeparatedPrefix: '/a', headers: [{ name: ':method', stringMatch: { exact: 'GET' } }] },
      route: { cluster: 'service/ns/a/80', clusterNotFoundResponseCode: 'INTERNAL_SERVER_ERROR', timeout: '0s' },
    },
  ]);
});

test('a CONNECT has no path to match', () => {
  const [only] = decoded(route('r', forward(['service/ns/a/80']), { method: 'CONNECT', path: { type: 'PathPrefix', value: '/' } }));
  assert.deepEqual((only as { readonly match: unknown }).match, { connectMatcher: {}, headers: [{ name: ':method', stringMatch: { exact: 'CONNECT' } }] });
});

test('a forward with everything', () => {
  const all = forward(
    [share('a', 3, { requestHeaders: changes({ set: [{ name: 'x-b', value: '1%' }] }) }), share(undefined, 1), share('c', 0)],
    {
      rewrite: { hostname: 'h.test', path: { type: 'ReplaceFullPath', value: '/100%' } },
      timeouts: { request: 10_000, backendRequest: 1500 },
      retry: { attempts: 2, codes: [500, 503], backoff: 100 },
    },
    {
      requestHeaders: changes({ add: [{ name: 'x-a', value: '' }], remove: ['x-r'] }),
      mirrors: [{ backend: 'm', numerator: 1, denominator: 3 }],
      cors: { allowOrigins: ['https://*.x.test'], allowCredentials: true, allowMethods: ['*', 'GET'], allowHeaders: [], exposeHeaders: ['*', 'x-e'], maxAge: 9 },
    },
  );
  const added = { header: { key: 'x-a' }, keepEmptyValue: true };
  assert.deepEqual(decoded(route('r', all)), [
    {
      name: 'r',
      match: { prefix: '/' },
      requestBodyBufferLimit: '1048576',
      route: {
        weightedClusters: {
          clusters: [
            {
              name: 'a',
              weight: 3,
              requestHeadersToAdd: [added, { header: { key: 'x-b', value: '1%%' }, appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' }],
              requestHeadersToRemove: ['x-r'],
              hostRewriteLiteral: 'h.test',
            },
            { name: 'invalid-backend', weight: 1, requestHeadersToAdd: [added], requestHeadersToRemove: ['x-r'], hostRewriteLiteral: 'h.test' },
          ],
        },
        clusterNotFoundResponseCode: 'INTERNAL_SERVER_ERROR',
        pathRewrite: '/100%%',
        timeout: '10s',
        retryPolicy: {
          retryOn: 'connect-failure,refused-stream,reset-before-request,unavailable,reset,retriable-status-codes',
          numRetries: 2,
          perTryTimeout: '1.500s',
          retryHostPredicate: [
            {
              name: 'envoy.retry_host_predicates.previous_hosts',
              typedConfig: { '@type': 'type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate' },
            },
          ],
          hostSelectionRetryMaxAttempts: '30',
          retriableStatusCodes: [500, 503],
          retryBackOff: { baseInterval: '0.100s' },
        },
        requestMirrorPolicies: [
          { cluster: 'm', runtimeFraction: { defaultValue: { numerator: 333333, denominator: 'MILLION' } }, disableShadowHostSuffixAppend: true },
        ],
      },
      typedPerFilterConfig: {
        'envoy.filters.http.cors': {
          '@type': 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy',
          allowOriginStringMatch: [{ safeRegex: { regex: 'https://[^:/]+\\.x\\.test' } }, { safeRegex: { regex: 'https://[^:/]+\\.x\\.test:443' } }],
          allowMethods: '*',
          exposeHeaders: 'x-e',
          maxAge: '9',
          allowCredentials: true,
          forwardNotMatchingPreflights: false,
        },
      },
    },
  ]);
});

test('a request that may take longer than a stream may idle lets it idle longer', () => {
  const limited = (request: number) => decoded(route('r', forward(['a'], { timeouts: { request, backendRequest: undefined } })));
  assert.deepEqual(limited(300_000).map(timeouts), [['300s', undefined]]);
  assert.deepEqual(limited(300_001).map(timeouts), [['300.001s', '3600s']]);
  assert.deepEqual(limited(7_200_000).map(timeouts), [['7200s', '7200s']]);
});

function timeouts(decodedRoute: unknown): unknown[] {
  const { route: action } = decodedRoute as { route: { timeout?: string; idleTimeout?: string } };
  return [action.timeout, action.idleTimeout];
}

test('the shares of backends with paths of their own are cut one after the other', () => {
  const path = (value: string) => ({ rewrite: { hostname: undefined, path: { type: 'ReplaceFullPath' as const, value } } });
  const routes = decoded(route('r', forward([share('a', 1, path('/a')), share('b', 2), share('c', 0), share('d', 1, path('/d'))])));
  assert.deepEqual(
    routes.map((each) => (each as { match: object }).match),
    [
      { prefix: '/', runtimeFraction: { defaultValue: { numerator: 250000, denominator: 'MILLION' } } },
      { prefix: '/', runtimeFraction: { defaultValue: { numerator: 750000, denominator: 'MILLION' } } },
      { prefix: '/' },
    ],
  );
});

test('a rule is encoded once for all of its matches, and again only where its bytes differ', () => {
  const forwarding = forward(['a']);
  assert.equal(encodeRule(forwarding, context, '/a'), encodeRule(forwarding, { ...context, port: 8080 }, '/b'));
  const prefix = forward(['a'], { rewrite: { hostname: undefined, path: { type: 'ReplacePrefixMatch', value: '/' } } });
  assert.equal(encodeRule(prefix, context, '/a'), encodeRule(prefix, context, '/a'));
  assert.notDeepEqual(encodeRule(prefix, context, '/a'), encodeRule(prefix, context, '/b'));
  const redirect = rule({ type: 'redirect', scheme: undefined, hostname: 'to.test', port: undefined, path: undefined, statusCode: 302 });
  assert.notDeepEqual(encodeRule(redirect, context, ''), encodeRule(redirect, { ...context, port: 8080 }, ''));
});

test('what is encoded is the same bytes for equal rules that are not the same object', () => {
  assert.deepEqual(encodeRoute(route('r', forward(['a', 'b'])), context), encodeRoute(route('r', forward(['a', 'b'])), context));
});
