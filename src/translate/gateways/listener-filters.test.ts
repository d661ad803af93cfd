import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { listenerFilters, ownFilters, sharedFilters, type FilterVerdict } from './listener-filters.ts';
import { decoded, listenerState } from '../testing.ts';
import type { Resolve } from '../backends/resolve.ts';
import type { ExternalAuth } from '../../ir/external-auth.ts';

const resolve: Resolve = ({ name }) => {
  if (name === 'auth') return { backend: 'service/default/auth/8080' };
  const reason = name === 'foreign' ? 'RefNotPermitted' : 'BackendNotFound';
  return { fault: { reason, message: `Service default/${name} is no good` } };
};

function judged(...requests: readonly object[]): FilterVerdict {
  const gateway = decoded('Gateway', {
    metadata: { name: 'web' },
    spec: { gatewayClassName: 'c', listeners: [{ name: 'http', port: 80, protocol: 'HTTP', filters: { requests } }] },
  });
  const [listener] = gateway.object.spec.listeners;
  assert.ok(listener);
  return listenerFilters('default/web/http', listener, resolve);
}

const auth = (name: string) => ({ type: 'ExternalAuth', externalAuth: { protocol: 'HTTP', http: {}, backendRef: { name, port: 8080 } } });
const extension = { type: 'ExtensionRef', extensionRef: { group: 'example.com', kind: 'Tenant', name: 't' } };
const translated: ExternalAuth = {
  backend: 'service/default/auth/8080',
  check: { type: 'http', pathPrefix: '', requestHeaders: [], responseHeaders: undefined },
  bodyLimit: 0,
};

const cases: readonly [sentence: string, requests: readonly object[], expected: FilterVerdict][] = [
  ['none at all', [], { filters: [], refsFaults: [], fault: undefined }],
  [
    'the same one twice stays twice, in order',
    [auth('auth'), auth('auth')],
    { filters: [{ name: 'default/web/http/0', externalAuth: translated }, { name: 'default/web/http/1', externalAuth: translated }], refsFaults: [], fault: undefined },
  ],
  [
    'one that leads nowhere stays in its place',
    [auth('missing'), auth('auth')],
    {
      filters: [{ name: 'default/web/http/0', externalAuth: undefined }, { name: 'default/web/http/1', externalAuth: translated }],
      refsFaults: [{ reason: 'InvalidListenerFilterRef', message: 'filters.requests[0].externalAuth.backendRef: Service default/missing is no good' }],
      fault: undefined,
    },
  ],
  [
    'one that is not permitted',
    [auth('foreign')],
    {
      filters: [{ name: 'default/web/http/0', externalAuth: undefined }],
      refsFaults: [{ reason: 'RefNotPermitted', message: 'filters.requests[0].externalAuth.backendRef: Service default/foreign is no good' }],
      fault: undefined,
    },
  ],
  [
    'an extension is not supported',
    [auth('auth'), extension],
    {
      filters: [{ name: 'default/web/http/0', externalAuth: translated }, { name: 'default/web/http/1', externalAuth: undefined }],
      refsFaults: [{ reason: 'InvalidListenerFilterRef', message: 'filters.requests[1].extensionRef: Tenant t of example.com is no filter that a listener can have' }],
      fault: { reason: 'UnsupportedValue', message: 'filters.requests[1]: filters of type ExtensionRef are not supported' },
    },
  ],
];

describe('filters of a listener', () => {
  for (const [sentence, requests, expected] of cases) {
    test(sentence, () => assert.deepEqual(judged(...requests), expected));
  }
});

const filters = [{ name: 'f', externalAuth: translated }];

test('filters of listeners that share a chain are for the hosts that belong to each', () => {
  const hosts = sharedFilters([
    listenerState('ns/gw/wide', { filters }),
    listenerState('ns/gw/inner', { hostname: '*.b.test', filters }),
    listenerState('ns/gw/exact', { hostname: 'c.b.test', filters }),
    listenerState('ns/gw/open', { hostname: 'd.test' }),
  ]).map((filter) => filter.hosts);
  assert.deepEqual(hosts, [
    { hostname: '*', except: ['*.b.test', 'c.b.test', 'd.test'] },
    { hostname: '*.b.test', except: ['c.b.test'] },
    { hostname: 'c.b.test', except: [] },
  ]);
});

test('filters of a listener that has a chain and all hosts to itself are for everything', () => {
  assert.deepEqual(sharedFilters([listenerState('ns/gw/wide', { filters })]), [{ ...filters[0], hosts: undefined }]);
});

test('filters of a listener with a chain to itself are for all that arrives there, whatever its hostname', () => {
  assert.deepEqual(ownFilters(listenerState('ns/gw/exact', { hostname: 'c.b.test', filters })), [{ ...filters[0], hosts: undefined }]);
});
