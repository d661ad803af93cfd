import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Discovery } from './discovery.ts';
import { FakeApiServer, Refusal } from './testing.ts';

for (const isAggregated of [true, false]) {
  test(`${isAggregated ? 'the document of all resources' : 'the lists of older servers'} tells the versions of each resource`, async (context) => {
    const server = await FakeApiServer.start(context);
    server.aggregatedDiscovery = isAggregated;
    server.uninstall('UDPRoute');
    server.install('TCPRoute', ['v1alpha2']);
    const client = server.client();
    context.after(() => client.close());
    const served = await new Discovery({ client }).served();
    assert.deepEqual(served.get('gateway.networking.k8s.io/tcproutes'), ['v1alpha2']);
    assert.deepEqual(served.get('gateway.networking.k8s.io/gateways')?.toSorted(), ['v1', 'v1beta1']);
    assert.equal(served.get('gateway.networking.k8s.io/udproutes'), undefined);
  });
}

test('many who ask within a second share one request, and a failure is not kept', async (context) => {
  const server = await FakeApiServer.start(context);
  const client = server.client();
  context.after(() => client.close());
  let time = 0;
  const discovery = new Discovery({ client, now: () => time });
  server.intercept = () => new Refusal(503, 'ServiceUnavailable', 'starting');
  await assert.rejects(Promise.all([discovery.served(), discovery.served()]), /503 starting/);
  server.intercept = () => undefined;
  await Promise.all([discovery.served(), discovery.served(), discovery.served()]);
  assert.equal(server.requests.length, 2);
  time = 1500;
  await discovery.served();
  assert.equal(server.requests.length, 3);
});
