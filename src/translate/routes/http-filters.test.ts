import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { httpFilters, type Filters } from './http-filters.ts';
import type { HTTPRouteFilter } from '../../api/types.ts';
import type { Resolved } from '../backends/resolve.ts';
import { noHeaderChanges } from '../../ir/route.ts';

function found({ name }: { readonly name: string }): Resolved {
  return name === 'missing' ? { fault: { reason: 'BackendNotFound', message: 'Service default/missing does not exist' } } : { backend: name };
}

function filters(...list: readonly HTTPRouteFilter[]): Filters {
  return httpFilters(list, found, 'filters');
}

const nothing = filters();

const service = { group: '', kind: 'Service', port: 80 };

test('no filters change nothing', () => {
  assert.deepEqual(nothing, {
    requestHeaders: noHeaderChanges,
    responseHeaders: noHeaderChanges,
    cors: undefined,
    externalAuth: undefined,
    mirrors: [],
    redirect: undefined,
    rewrite: undefined,
    broken: false,
    faults: [],
    refFaults: [],
  });
});

const table: readonly [sentence: string, filter: HTTPRouteFilter, expected: Partial<Filters>][] = [
  [
    'header names are lower-cased, of equal names the first value counts',
    {
      type: 'RequestHeaderModifier',
      requestHeaderModifier: {
        set: [
          { name: 'A', value: '1' },
          { name: 'a', value: '2' },
        ],
        add: [
          { name: 'B', value: '1' },
          { name: 'b', value: '2' },
        ],
        remove: ['C', 'c'],
      },
    },
    { requestHeaders: { set: [{ name: 'a', value: '1' }], add: [{ name: 'b', value: '1' }], remove: ['c'] } },
  ],
  [
    'the host of a request may be set',
    { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'Host', value: 'a.com' }] } },
    { requestHeaders: { ...noHeaderChanges, set: [{ name: 'host', value: 'a.com' }] } },
  ],
  [
    'headers of answers are another matter',
    { type: 'ResponseHeaderModifier', responseHeaderModifier: { remove: ['Host'] } },
    { responseHeaders: { ...noHeaderChanges, remove: ['host'] } },
  ],
  [
    'a mirror without a share copies everything',
    { type: 'RequestMirror', requestMirror: { backendRef: { ...service, name: 'a' } } },
    { mirrors: [{ backend: 'a', numerator: 100, denominator: 100 }] },
  ],
  [
    'a mirror may have a percentage, 0 included',
    { type: 'RequestMirror', requestMirror: { backendRef: { ...service, name: 'a' }, percent: 0 } },
    { mirrors: [{ backend: 'a', numerator: 0, denominator: 100 }] },
  ],
  [
    'a mirror may have a fraction',
    { type: 'RequestMirror', requestMirror: { backendRef: { ...service, name: 'a' }, fraction: { numerator: 1, denominator: 3 } } },
    { mirrors: [{ backend: 'a', numerator: 1, denominator: 3 }] },
  ],
  [
    'a rewrite of nothing is none',
    { type: 'URLRewrite', urlRewrite: {} },
    { rewrite: undefined },
  ],
  [
    'a rewrite has a host, a path or both',
    { type: 'URLRewrite', urlRewrite: { hostname: 'a.com', path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '' } } },
    { rewrite: { hostname: 'a.com', path: { type: 'ReplacePrefixMatch', value: '' } } },
  ],
  [
    'a redirect keeps what is not given open',
    { type: 'RequestRedirect', requestRedirect: { port: 8080, statusCode: 307 } },
    { redirect: { type: 'redirect', scheme: undefined, hostname: undefined, port: 8080, path: undefined, statusCode: 307 } },
  ],
  [
    'CORS without lists lets nobody in',
    { type: 'CORS', cors: { maxAge: 5 } },
    { cors: { allowOrigins: [], allowCredentials: false, allowMethods: [], allowHeaders: [], exposeHeaders: [], maxAge: 5 } },
  ],
];

for (const [sentence, filter, expected] of table) {
  test(sentence, () => assert.deepEqual(filters(filter), { ...nothing, ...expected }));
}

test('a service that decides is asked, once', () => {
  const auth = (protocol: 'HTTP' | 'GRPC'): HTTPRouteFilter => ({ type: 'ExternalAuth', externalAuth: { protocol, backendRef: { ...service, name: 'auth' } } });
  assert.equal(filters(auth('HTTP')).externalAuth?.backend, 'auth');
  assert.equal(filters(auth('GRPC')).externalAuth?.check.type, 'grpc');
  assert.deepEqual(filters(auth('HTTP'), auth('HTTP')).faults, [{ reason: 'UnsupportedValue', message: 'filters[1]: a second filter ExternalAuth is not supported' }]);
});

describe('filters that cannot be applied', () => {
  test('a mirror that leads nowhere is left out and breaks nothing', () => {
    const result = filters({ type: 'RequestMirror', requestMirror: { backendRef: { ...service, name: 'missing' } } });
    assert.deepEqual(result, {
      ...nothing,
      refFaults: [{ reason: 'BackendNotFound', message: 'filters[0]: Service default/missing does not exist' }],
    });
  });

  const broken: readonly [sentence: string, filter: HTTPRouteFilter, list: 'faults' | 'refFaults', reason: string, message: RegExp][] = [
    ['the host cannot be removed', { type: 'RequestHeaderModifier', requestHeaderModifier: { remove: ['HOST'] } }, 'faults', 'UnsupportedValue', /^filters\[0\]: header Host/],
    [
      'the host cannot be added to',
      { type: 'RequestHeaderModifier', requestHeaderModifier: { add: [{ name: 'host', value: 'a' }] } },
      'faults',
      'UnsupportedValue',
      /header Host/,
    ],
    [
      'a service that decides and is not there lets nobody pass',
      { type: 'ExternalAuth', externalAuth: { protocol: 'HTTP', http: {}, backendRef: { ...service, name: 'missing' } } },
      'refFaults',
      'BackendNotFound',
      /^filters\[0\]: Service default\/missing does not exist$/,
    ],
    [
      'an extension is a reference that is not resolved',
      { type: 'ExtensionRef', extensionRef: { group: 'example.com', kind: 'Magic', name: 'wand' } },
      'refFaults',
      'InvalidKind',
      /^filters\[0\]: Magic wand of example\.com cannot be used as a filter$/,
    ],
    [
      'a filter that is not supported is named',
      { type: 'Teleport' as HTTPRouteFilter['type'] },
      'faults',
      'UnsupportedValue',
      /^filters\[0\]: filter Teleport is not supported$/,
    ],
  ];

  for (const [sentence, filter, list, reason, message] of broken) {
    test(sentence, () => {
      const result = filters(filter);
      assert.equal(result.broken, true);
      assert.deepEqual(result[list].map((fault) => fault.reason), [reason]);
      assert.match(result[list][0]?.message ?? '', message);
    });
  }
});
