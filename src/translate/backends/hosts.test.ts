import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forbiddenHost } from './hosts.ts';

test('a cluster leads wherever it leads, but not to the proxies themselves', () => {
  for (const host of ['127.0.0.1', '127.8.8.8', '::1', '0.0.0.0', '::', '::ffff:127.0.0.1', 'localhost', 'LOCALHOST.', 'a.localhost']) {
    assert.match(forbiddenHost(host) ?? '', /is the proxy itself/, host);
  }
  assert.match(forbiddenHost('app') ?? '', /no domain of at least two labels/);
  for (const host of ['10.0.0.1', '2001:db8::1', 'api.example.com', 'app.shop.svc.cluster.local', '128.0.0.1']) assert.equal(forbiddenHost(host), undefined, host);
});
