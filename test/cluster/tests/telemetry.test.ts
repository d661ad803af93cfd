import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startGrpcCollector, startHttpCollector, type OtlpCollector } from '../../e2e/support/otlp-collector.ts';
import { eventually } from '../lifetime/eventually.ts';
import { isTrue, type Condition } from './support/conditions.ts';
import { limit, stableHost, TestGateway } from './support/test-gateway.ts';

interface Policy {
  readonly metadata: { readonly generation: number };
  readonly status?: { readonly ancestors: readonly { readonly conditions: readonly (Condition & { readonly observedGeneration?: number })[] }[] };
}

const policy = { apiVersion: 'gateway.networking.x-k8s.io/v1alpha1', kind: 'XTelemetryPolicy', metadata: { name: 'traces', namespace: 'default' } };

describe('the requests of a Gateway', { timeout: 300_000 }, () => {
  let gateway: TestGateway;
  let collectors: Readonly<Record<'grpc' | 'http', OtlpCollector>>;

  before(async () => {
    gateway = await TestGateway.start();
    const { host } = gateway.cluster.plan;
    collectors = { grpc: await startGrpcCollector(host), http: await startHttpCollector(host) };
    const metadata = { name: 'collector', namespace: 'default' };
    const ports = [{ name: 'grpc', port: 4317 }, { name: 'http', port: 4318 }] as const;
    await gateway.cluster.apply([
      { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports } },
      {
        apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'collector' } },
        addressType: 'IPv4', endpoints: [{ addresses: [host] }], ports: ports.map(({ name }) => ({ name, port: collectors[name].port })),
      },
    ]);
  });
  after(async () => {
    await gateway?.cluster.stop();
    await Promise.all(Object.values(collectors ?? {}).map((collector) => collector.close()));
  });

  for (const [name, port] of [['grpc', 4317], ['http', 4318]] as const) {
    it(`are reported to the collector that its XTelemetryPolicy names, at port ${port}`, async () => {
      const { client } = gateway.cluster.controlPlane;
      const tracing = { mode: 'Enabled', provider: { backendRef: { name: 'collector', port } }, attributes: [{ name: 'cluster', sourceType: 'Literal', literalValue: name }] };
      await gateway.cluster.apply([{ ...policy, spec: { targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'ack-gateway' }], tracing } }]);
      const { spans } = collectors[name];
      await eventually('spans come', async () => {
        assert.equal(await gateway.status(stableHost), 200);
        return spans.some(({ attributes }) => attributes['cluster'] === name);
      }, { limit, interval: 200 });
      await eventually('the policy is accepted as it is now', async () => {
        const { metadata, status } = await client.send<Policy>('/apis/gateway.networking.x-k8s.io/v1alpha1/namespaces/default/xtelemetrypolicies/traces');
        const conditions = status?.ancestors[0]?.conditions;
        return isTrue(conditions, 'Accepted') && conditions?.every(({ observedGeneration }) => observedGeneration === metadata.generation) === true;
      }, { limit });
      assert.deepEqual([...new Set(spans.map(({ service }) => service))], ['ack-gateway.default']);
    });
  }
});
