import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { DeltaClient } from './delta-client.ts';
import { until } from './until.ts';
import { decode } from '../../src/api/decode.ts';
import { applyChanges, controlPlane, type ControlPlane, type ResourceChange } from '../../src/app/control-plane.ts';
import { feedStore } from '../../src/app/xds-feed.ts';
import { silentLog } from '../../src/util/log.ts';
import { AdsServer } from '../../src/xds/server/ads-server.ts';
import { ResourceStore } from '../../src/xds/server/resources.ts';
import { selfSigned } from '../e2e/support/certificate.ts';
import { route, service, tlsSecret } from '../e2e/support/manifests.ts';

const base = `apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: ack-gateway}
spec: {controllerName: gateway.envoyproxy.io/gatewayclass-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: ack-gateway}
spec:
  gatewayClassName: ack-gateway
  listeners:
    - {name: http, protocol: HTTP, port: 80}
    - {name: https, protocol: HTTPS, port: 443, tls: {certificateRefs: [{name: example-cert}]}}
`;

/** A resource that does not exist: asking for it is answered at once. */
const question = 'question-';

function to(name: string): string {
  return `backendRefs: [{name: ${name}, port: 3000}]`;
}

function decoded(text: string): ResourceChange[] {
  return parseAllDocuments(text).flatMap((document) => {
    const { resource, problems } = decode(document.toJS(), { file: 'test.yaml', line: 1 });
    assert.deepEqual(problems, []);
    assert.ok(resource !== undefined);
    return [{ kind: resource.kind as ResourceChange['kind'], key: resource.key, resource }];
  });
}

suite('what a change of the objects sends to Envoy', { timeout: 60_000 }, () => {
  let directory: string;
  let plane: ControlPlane;
  let ads: AdsServer;
  let client: DeltaClient;
  let store: ResourceStore;
  let asked = 0;

  function apply(changes: readonly ResourceChange[]): void {
    applyChanges(plane.resources, changes);
    plane.settle();
    for (const [key, { port }] of plane.outputs.wantedPorts.entries()) plane.portBindings.set(key, { boundPort: port, clientPort: port });
    plane.settle();
    store.commit();
  }

  /** What the client got, without the answers to our own questions. */
  function log(): readonly string[] {
    return client.log.filter((line) => !line.includes(question));
  }

  /** Waits until the server has nothing more to send: it answers a question, twice, with nothing else in between. */
  async function quiet(): Promise<void> {
    for (let calm = 0; calm < 2; ) {
      const before = log().length;
      const name = `${question}${asked++}`;
      client.send('EDS', { resourceNamesSubscribe: [name] });
      await until('the server answers', () => client.log.includes(`EDS -${name}`));
      calm = log().length === before ? calm + 1 : 0;
    }
  }

  /** Applies a change and gives what it sent. */
  async function sentBy(text: string): Promise<readonly string[]> {
    const before = log().length;
    apply(decoded(text));
    await quiet();
    return log().slice(before);
  }

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'moongate-feature-'));
    store = new ResourceStore();
    plane = controlPlane({ settings: { controllerNames: ['gateway.envoyproxy.io/gatewayclass-controller'], ownsEverything: true, addresses: 'bound' } });
    plane.xds.subscribe((changes) => feedStore(store, changes));
    ads = new AdsServer({ store, log: silentLog });
    await ads.listenOnSocket(join(directory, 'xds.sock'));
    apply(decoded([base, tlsSecret('example-cert', selfSigned('www.example.com')), service('a', 1), service('b', 2),
      route('one', { host: 'one.example.com', rule: to('a') }), route('two', { host: 'two.example.com', rule: to('a') })].join('---\n')));
    ads.open();
    client = new DeltaClient(`unix:${join(directory, 'xds.sock')}`, { proxy: 'default/ack-gateway' });
    await until('the first world is there', () => client.state.RDS.size === 2 && client.state.SDS.size === 1 && client.state.EDS.size === 1);
    await quiet();
  });

  afterEach(async () => {
    client.close();
    await ads.close();
    rmSync(directory, { recursive: true });
  });

  test('an endpoint: one ClusterLoadAssignment and nothing else', async () => {
    assert.deepEqual(await sentBy(service('a', 7)), ['EDS +service/default/a/3000']);
  });

  test('a route: the route configurations of its listeners and nothing else', async () => {
    const changed = route('one', { host: 'one.example.com', rule: `matches: [{path: {value: /new}}]\n${to('a')}` });
    assert.deepEqual(await sentBy(changed), ['RDS +default/ack-gateway/80 +default/ack-gateway/443/https']);
  });

  test('a certificate: one secret and nothing else', async () => {
    assert.deepEqual(await sentBy(tlsSecret('example-cert', selfSigned('renewed.example.com'))), ['SDS +Secret/default/example-cert']);
  });

  test('a Service that is named for the first time: cluster, endpoints, then routes', async () => {
    assert.deepEqual(await sentBy(route('one', { host: 'one.example.com', rule: to('b') })), [
      'CDS +service/default/b/3000',
      'EDS +service/default/b/3000',
      'RDS +default/ack-gateway/80 +default/ack-gateway/443/https',
    ]);
  });

  test('an object that means the same as before: nothing', async () => {
    const labelled = route('one', { host: 'one.example.com', rule: to('a') }).replace('name: one\n', 'name: one\n  labels: {team: x}\n');
    assert.deepEqual(await sentBy(labelled), []);
  });

  test('one of many hosts: one shard of 64', async () => {
    const many = Array.from({ length: 1600 }, (_, i) => route(`r${i}`, { host: `h${i}.example.com`, rule: to('a') }));
    apply(decoded(many.join('---\n')));
    await until('the tables are cut', () => client.state.RDS.size >= 128);
    await quiet();
    const sentForOne = await sentBy(route('r7', { host: 'h7.example.com', rule: to('b') }));
    const sent = sentForOne.find((line) => line.startsWith('RDS'));
    assert.match(sent ?? '', /^RDS \+default\/ack-gateway\/80#(\d+) \+default\/ack-gateway\/443\/https#\1$/);
  });
});
