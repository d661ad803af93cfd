import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { writeChartCrds } from '../../../../tools/charts/chart-crds.ts';
import { startCluster } from '../../cluster.ts';
import type { Cluster } from '../../cluster.ts';
import { imagesFor, install } from '../../install/install.ts';
import { eventually } from '../../lifetime/eventually.ts';
import { run } from '../../tools/run.ts';
import { ask, echoOf } from '../support/client.ts';
import { SteadyLoad } from '../support/load.ts';
import { assertHeaderRoute, assertPathRoute, assertWeights, get, host } from '../support/standard-requests.ts';
import { assertNothingLost, limit, untilServed } from '../support/test-gateway.ts';

/** What people have in their clusters, applied with what they type. */
describe('the standard manifests', { timeout: 300_000 }, () => {
  const folder = join(import.meta.dirname, 'standard');
  let cluster: Cluster;
  let address: string;

  before(async () => {
    writeChartCrds();
    cluster = await startCluster({ images: imagesFor({ install: 'moongate' }) });
    await install(cluster, { install: 'moongate' });
  });

  after(() => cluster?.stop());

  const apply = (name: string): Promise<string> => cluster.kubectl(['apply', '-f', join(folder, `${name}.yaml`)]);
  const jsonpath = (what: readonly string[], path: string): Promise<string> => cluster.kubectl(['get', ...what, '-o', `jsonpath={${path}}`]);

  test('the class is there and accepted, and applying it again changes nothing', async () => {
    const before = await jsonpath(['gatewayclass', 'ack-gateway'], '.spec');
    assert.match(await apply('gatewayclass'), /ack-gateway/);
    assert.equal(await jsonpath(['gatewayclass', 'ack-gateway'], '.spec'), before);
    await cluster.kubectl(['wait', '--for=condition=Accepted', 'gatewayclass/ack-gateway', '--timeout=60s']);
    const table = await cluster.kubectl(['get', 'gatewayclass']);
    assert.match(table, /^NAME +CONTROLLER +ACCEPTED +AGE$/m);
    assert.match(table, /^ack-gateway +gateway\.envoyproxy\.io\/gatewayclass-controller +True /m);
  });

  test('an Envoy Deployment and a LoadBalancer appear, and the address is in the status', async () => {
    await apply('backend');
    await apply('gateway');
    await cluster.kubectl(['wait', '--for=condition=Programmed', 'gateway/ack-gateway', '--timeout=60s']);
    address = await jsonpath(['gateway', 'ack-gateway'], '.status.addresses[0].value');
    assert.match(address, /^[\d.]+$/);
    const owned = ['-A', '-l', 'gateway.envoyproxy.io/owning-gateway-name=ack-gateway'];
    assert.equal(await jsonpath(['service', ...owned], '.items[*].spec.type'), 'LoadBalancer');
    assert.equal(await jsonpath(['service', ...owned], '.items[*].status.loadBalancer.ingress[0].ip'), address);
    assert.match(await jsonpath(['deployment', ...owned], '.items[*].metadata.name'), /^envoy-default-ack-gateway-[0-9a-f]+$/);
    assert.match(await cluster.kubectl(['get', 'gateway', 'ack-gateway']), new RegExp(`^ack-gateway +ack-gateway +${address.replaceAll('.', '\\.')} +True `, 'm'));
  });

  test('the route by path leads to the backend', async () => {
    await apply('httproute-1-path');
    await assertPathRoute({ address });
  });

  test('the route with a header changes requests', async () => {
    await apply('httproute-2-header');
    await assertHeaderRoute({ address });
  });

  test('the route with weights sends 80 % of 1,000 requests one way', async () => {
    await apply('httproute-3-weights');
    await assertWeights({ address });
  });

  test('a TLS listener is added, and port 80 never stops answering', async () => {
    const work = await mkdtemp(join(tmpdir(), 'moongate-certificates-'));
    try {
      await using load = new SteadyLoad({ address, host });
      await untilServed(load);
      await run('sh', [join(folder, 'make-cert.sh')], { cwd: work, env: cluster.env });
      await cluster.kubectl(['patch', 'gateway', 'ack-gateway', '--type=json', '--patch-file', join(folder, 'tls-listener-patch.yaml')]);
      const authority = await readFile(join(work, 'example.com.crt'), 'utf8');
      // Before the port is open, nobody answers at all.
      await eventually('the TLS listener answers', async () => (await ask({ address, host, authority, timeout: 1000 })).status === 200, { limit });
      const { headers } = echoOf(await ask({ address, host, authority }));
      assert.deepEqual(headers['X-Forwarded-Proto'], ['https']);
      // As in the handbook; curl looks at the name in the certificate as browsers do.
      const body = await run('curl', [
        '-sf', '-H', `Host: ${host}`, '--resolve', `${host}:443:${address}`, '--cacert', join(work, 'example.com.crt'), `https://${host}/get`,
      ]);
      assert.equal((JSON.parse(body) as { path: string }).path, '/get');
      await eventually('both listeners are programmed', async () => {
        const programmed = await jsonpath(['gateway', 'ack-gateway'], '.status.listeners[*].conditions[?(@.type=="Programmed")].status');
        return programmed === 'True True';
      }, { limit });
      assert.equal((await get({ address })).headers['X-Forwarded-Proto']?.[0], 'http');
      await untilServed(load, 300);
      await assertNothingLost(load);
    } finally {
      await rm(work, { recursive: true });
    }
  });
});
