import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { kindNamed } from '../../../src/api/kinds.ts';
import { WATCHED_KINDS } from '../../../src/app/served-kinds.ts';
import { crds } from '../../../src/api/crds.ts';
import { writeChartCrds } from '../../../tools/charts/chart-crds.ts';
import { installManifest } from '../../../tools/charts/install-manifest.ts';
import { startCluster } from '../cluster.ts';
import type { Cluster } from '../cluster.ts';
import { eventually } from '../lifetime/eventually.ts';
import { ensureProgram } from '../tools/ensure.ts';
import { helm } from '../tools/recipes.ts';
import { run } from '../tools/run.ts';
import { charts, namespace, render } from './chart-rendering.ts';

/** The chart on a real API server. Whether the program in it works is for other tests; no image of it is needed here. */
describe('the chart on a cluster', () => {
  const limit = 60_000;
  const chart = join(charts, 'moongate');
  let cluster: Cluster;

  before(async () => {
    writeChartCrds();
    cluster = await startCluster();
    // The strictest of Kubernetes' profiles for Pods: whatever breaks it is refused.
    await cluster.kubectl(['create', 'namespace', namespace]);
    await cluster.kubectl(['label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted']);
  });
  after(async () => {
    await cluster.stop();
  });

  const runHelm = async (args: readonly string[], values: object = {}): Promise<string> =>
    run(await ensureProgram(helm), [...args, '--namespace', namespace, ...(args[0] === 'uninstall' ? [] : ['--values', '-'])], { env: cluster.env, input: JSON.stringify(values) });
  const get = async <T>(...args: readonly string[]): Promise<T> => JSON.parse(await cluster.kubectl(['get', ...args, '--output', 'json'])) as T;
  const namesOf = async (...args: readonly string[]): Promise<string[]> =>
    (await get<{ items: { metadata: { name: string } }[] }>(...args)).items.map(({ metadata }) => metadata.name).sort();

  /** Whether the controller's account may do it; `where` is '' for all namespaces. */
  async function may(verb: string, group: string, resource: string, where: string): Promise<boolean> {
    const [name, subresource] = resource.split('/');
    const { status } = await cluster.controlPlane.client.send<{ status: { allowed: boolean } }>('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
      method: 'POST',
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: {
          user: `system:serviceaccount:${namespace}:moongate`,
          resourceAttributes: { verb, group, resource: name, ...(subresource === undefined ? {} : { subresource }), ...(where === '' ? {} : { namespace: where }) },
        },
      },
    });
    return status.allowed;
  }

  it('leaves a class that was there alone, and brings the other, with all CRDs', async () => {
    await cluster.kubectl(['apply', '--server-side', '--filename', join(chart, 'charts/crds/crds/gatewayclasses.gateway.networking.k8s.io.yaml')]);
    await cluster.kubectl(['wait', '--for=condition=Established', 'crd/gatewayclasses.gateway.networking.k8s.io']);
    const theirs = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'GatewayClass', metadata: { name: 'ack-gateway' }, spec: { controllerName: 'gateway.envoyproxy.io/gatewayclass-controller' } };
    await eventually('the class can be made', async () => {
      await cluster.apply([theirs]);
      return true;
    }, { limit });

    assert.match(await runHelm(['install', 'moongate', chart]), /STATUS: deployed/);
    assert.deepEqual(await namesOf('gatewayclasses'), ['ack-gateway', 'eg']);
    const { metadata } = await get<{ metadata: { labels?: Record<string, string> } }>('gatewayclass', 'ack-gateway');
    assert.equal(metadata.labels?.['app.kubernetes.io/managed-by'], undefined);
    assert.deepEqual(await namesOf('customresourcedefinitions'), crds().map(({ metadata }) => metadata.name).sort());
  });

  it('makes Pods that the strictest profile lets in', async () => {
    await eventually('a Pod of the control plane', async () => (await namesOf('pods', '--namespace', namespace, '--selector', 'control-plane=envoy-gateway')).length === 1, { limit });
  });

  it('gives the controller what it needs, and no more', async () => {
    for (const { group, plural } of WATCHED_KINDS.map(kindNamed)) {
      for (const verb of ['get', 'list', 'watch']) assert.ok(await may(verb, group, plural, ''), `${verb} ${plural}`);
    }
    for (const resource of ['gatewayclasses/status', 'gateways/status', 'httproutes/status']) assert.ok(await may('patch', 'gateway.networking.k8s.io', resource, ''), resource);
    for (const [group, resource] of [['apps', 'deployments'], ['', 'services'], ['', 'secrets'], ['coordination.k8s.io', 'leases']] as const) {
      for (const verb of ['get', 'create', 'update']) assert.ok(await may(verb, group, resource, namespace), `${verb} ${resource}`);
      assert.ok(!(await may('update', group, resource, 'default')), `${resource} of others`);
    }
    assert.ok(!(await may('patch', 'gateway.networking.k8s.io', 'httproutes', 'default')));
    assert.ok(!(await may('create', '', 'pods/exec', namespace)));
    assert.ok(!(await may('create', 'rbac.authorization.k8s.io', 'clusterrolebindings', '')));
  });

  it('can be upgraded to watch some namespaces only, which takes the other rights away', async () => {
    await cluster.kubectl(['create', 'namespace', 'shop']);
    const values = { config: { envoyGateway: { provider: { kubernetes: { watch: { namespaces: ['shop'] } } } } }, deployment: { replicas: 2 }, gatewayClasses: { eg: { enabled: false } } };
    await runHelm(['upgrade', 'moongate', chart], values);
    assert.ok(await may('list', '', 'secrets', 'shop'));
    assert.ok(await may('patch', 'gateway.networking.k8s.io', 'httproutes/status', 'shop'));
    assert.ok(!(await may('list', '', 'secrets', '')));
    assert.ok(!(await may('list', 'gateway.networking.k8s.io', 'httproutes', 'default')));
    assert.ok(await may('list', 'gateway.networking.k8s.io', 'gatewayclasses', ''));
    assert.deepEqual(await namesOf('gatewayclasses'), ['ack-gateway']);
  });

  it('renders what an API server takes, whatever people set', async () => {
    const variants: readonly object[] = [
      { deployment: { nodePools: { label: 'alibabacloud.com/nodepool-id', names: ['np1', 'np2'] }, priorityClassName: 'system-cluster-critical' } },
      { deployment: { kind: 'DaemonSet', pod: { tolerations: [{ operator: 'Exists' }] } }, service: { headless: false, trafficDistribution: 'PreferClose' } },
      { hpa: { enabled: true, maxReplicas: 3, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } }] } },
      { config: { envoyGateway: { envoyProxy: { logging: { level: { default: 'debug' } } }, provider: { kubernetes: { deploy: { type: 'GatewayNamespace' } } } } } },
      { podDisruptionBudget: { minAvailable: '50%', unhealthyPodEvictionPolicy: 'AlwaysAllow' }, service: { type: 'LoadBalancer', ipFamilyPolicy: 'SingleStack' } },
    ];
    for (const values of variants) {
      // Another name, for the type of a Service and the selector of a Deployment that exist cannot be changed.
      const objects = await render('moongate', { ...values, namespaceOverride: 'shop' });
      const taken = await cluster.kubectl(['apply', '--server-side', '--dry-run=server', '--filename', '-'], {
        input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
      });
      assert.equal(taken.trim().split('\n').length, objects.length);
    }
  });

  it('goes without its CRDs, and without the class that is not its own', async () => {
    await runHelm(['uninstall', 'moongate', '--wait']);
    assert.deepEqual(await namesOf('deployments,services,roles,serviceaccounts', '--namespace', namespace, '--selector', 'app.kubernetes.io/part-of=moongate'), []);
    assert.deepEqual(await namesOf('gatewayclasses'), ['ack-gateway']);
    assert.equal((await namesOf('customresourcedefinitions')).length, crds().length);
  });

  it('is also a plain manifest, to be applied until the API server knows all kinds in it', async () => {
    await cluster.kubectl(['delete', 'customresourcedefinitions', '--all']);
    const input = installManifest({ helm: await ensureProgram(helm), namespace: 'gateways' });
    await eventually('the manifest is applied', async () => {
      await cluster.kubectl(['apply', '--server-side', '--filename', '-'], { input });
      return true;
    }, { limit });
    assert.deepEqual(await namesOf('gatewayclasses'), ['ack-gateway', 'eg']);
    assert.deepEqual(await namesOf('deployments', '--namespace', 'gateways'), ['moongate', 'moongate-endpoint-picker']);
  });
});
