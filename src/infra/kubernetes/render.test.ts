import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { appliedAnnotation } from './labels.ts';
import { renderProxy } from './render.ts';
import { argument, environment, inGatewayNamespaces, rendered, settings, wantedProxy } from './testing.ts';

test('a proxy is called and labelled as with Envoy Gateway', () => {
  const { objects, service, pod } = rendered();
  assert.deepEqual(objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`), [
    'ServiceAccount moongate-system/envoy-default-ack-gateway-7452df7d',
    'ConfigMap moongate-system/envoy-default-ack-gateway-7452df7d',
    'Deployment moongate-system/envoy-default-ack-gateway-7452df7d',
    'Service moongate-system/envoy-default-ack-gateway-7452df7d',
  ]);
  const selector = {
    'app.kubernetes.io/name': 'envoy',
    'app.kubernetes.io/component': 'proxy',
    'app.kubernetes.io/managed-by': 'envoy-gateway',
    'gateway.envoyproxy.io/owning-gateway-namespace': 'default',
    'gateway.envoyproxy.io/owning-gateway-name': 'ack-gateway',
  };
  assert.deepEqual(service.spec['selector'], selector);
  assert.deepEqual(pod.metadata.labels, {
    ...selector,
    'gateway.networking.k8s.io/gateway-name': 'ack-gateway',
    'gateway.networking.k8s.io/gateway-class-name': 'ack-gateway',
  });
});

test('in its own namespace a proxy is called as its Gateway, and goes with it', () => {
  const { objects } = rendered({}, inGatewayNamespaces);
  assert.deepEqual([...new Set(objects.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`))], ['default/ack-gateway']);
  for (const { metadata } of objects) {
    assert.deepEqual(metadata.ownerReferences, [{ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', name: 'ack-gateway', uid: 'f0e1' }]);
  }
  assert.ok(rendered().objects.every(({ metadata }) => metadata.ownerReferences === undefined), 'among those of all Gateways it has no owner');
});

test('a name that no Service can have, and one that is too long for a label, are cut and hashed', () => {
  const name = `gateway.${'x'.repeat(80)}`;
  const gateway = { namespace: 'default', name };
  const { service } = rendered({ id: `default/${name}`, gateway }, inGatewayNamespaces);
  assert.match(service.metadata.name, /^envoy-default-gateway-x{32}-[0-9a-f]{8}$/);
  assert.match(service.metadata.labels?.['gateway.networking.k8s.io/gateway-name'] ?? '', /^gateway\.x{46}-[0-9a-f]{8}$/);
});

test('merged Gateways share a proxy that is called after their class', () => {
  const { service } = rendered({ id: 'eg', gateway: undefined, gatewayClass: { name: 'eg' }, merged: true });
  assert.match(service.metadata.name, /^envoy-eg-[0-9a-f]{8}$/);
  assert.equal(service.metadata.labels?.['gateway.envoyproxy.io/owning-gatewayclass'], 'eg');
  assert.equal(service.metadata.labels?.['gateway.networking.k8s.io/gateway-name'], undefined);
});

test('labels and annotations of spec.infrastructure are on every object and on the Pods; ours cannot be replaced', () => {
  const { objects, pod } = rendered({ labels: { team: 'a', 'app.kubernetes.io/name': 'mine' }, annotations: { note: 'b' } });
  for (const { metadata } of [...objects, pod]) {
    assert.equal(metadata.labels?.['team'], 'a');
    assert.equal(metadata.labels?.['app.kubernetes.io/name'], 'envoy');
    assert.equal(metadata.annotations?.['note'], 'b');
  }
});

test('the mark of what was applied changes with the content, and only with it', () => {
  const markOf = (changes = {}): string => rendered(changes).service.metadata.annotations?.[appliedAnnotation] ?? '';
  assert.equal(markOf(), markOf());
  assert.notEqual(markOf(), markOf({ addresses: ['192.0.2.1'] }));
});

test('Pods do not change when listeners do', () => {
  const { ports } = wantedProxy();
  const more = rendered({ ports: [...ports, { name: 'https-443', port: 443, containerPort: 10_443, protocol: 'TCP' }] });
  assert.deepEqual(more.pod, rendered().pod);
  assert.deepEqual(more.service.spec['ports'], [
    { name: 'http-80', port: 80, protocol: 'TCP', targetPort: 10_080 },
    { name: 'https-443', port: 443, protocol: 'TCP', targetPort: 10_443 },
  ]);
});

test('containers are locked down, and a user may loosen single fields', () => {
  const { envoy, helper } = rendered();
  for (const container of [envoy, helper]) {
    assert.deepEqual(container['securityContext'], {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      privileged: false,
      readOnlyRootFilesystem: true,
      runAsGroup: 65_532,
      runAsNonRoot: true,
      runAsUser: 65_532,
      seccompProfile: { type: 'RuntimeDefault' },
    });
  }
  const loose = rendered({ settings: settings({}, { envoyDeployment: { container: { securityContext: { runAsUser: 1234, readOnlyRootFilesystem: false } } } }) });
  const context = loose.envoy['securityContext'] as Record<string, unknown>;
  assert.deepEqual([context['runAsUser'], context['readOnlyRootFilesystem'], context['runAsNonRoot']], [1234, false, true]);
});

test('probes ask Envoy, ports are those of Envoy Gateway, and the hook waits for the helper', () => {
  const { envoy, helper, pod } = rendered();
  assert.deepEqual([envoy.name, helper.name], ['envoy', 'shutdown-manager']);
  for (const probe of ['startupProbe', 'readinessProbe']) {
    assert.deepEqual((envoy[probe] as { httpGet: unknown }).httpGet, { path: '/ready', port: 19_003, scheme: 'HTTP' });
  }
  assert.deepEqual(envoy['ports'], [{ name: 'metrics', containerPort: 19_001, protocol: 'TCP' }, { name: 'readiness', containerPort: 19_003, protocol: 'TCP' }]);
  assert.deepEqual(envoy['lifecycle'], { preStop: { httpGet: { path: '/shutdown/ready', port: 19_002, scheme: 'HTTP' } } });
  assert.equal(helper['lifecycle'], undefined, 'SIGTERM is what it waits for');
  assert.equal(pod.spec['terminationGracePeriodSeconds'], 360);
  assert.equal(pod.spec['automountServiceAccountToken'], false);
  assert.deepEqual(pod.spec.volumes, [
    { name: 'xds-certs', secret: { secretName: 'default-ack-gateway-xds', defaultMode: 420 } },
    { name: 'xds-sds', configMap: { name: 'envoy-default-ack-gateway-7452df7d', defaultMode: 420 } },
    { name: 'tmp', emptyDir: {} },
  ]);
});

test('spec.shutdown says how long the drain takes, and how long the Pod may live after it', () => {
  const { pod, envoy, helper } = rendered({ settings: settings({ shutdown: { drainTimeout: '2m', minDrainDuration: '5s', healthCheckFailureDelay: '3s' } }) });
  assert.equal(pod.spec['terminationGracePeriodSeconds'], 420);
  assert.equal(argument(envoy.args, '--drain-time-s'), '120');
  assert.deepEqual(helper.args, ['shutdown-manager', '--drain-timeout=2m', '--min-drain-duration=5s', '--health-check-failure-delay=3s']);
  assert.deepEqual(rendered().helper.args, ['shutdown-manager', '--drain-timeout=60s', '--min-drain-duration=10s', '--health-check-failure-delay=0s']);
});

test('logging, concurrency and extraArgs become arguments; one of the user replaces ours', () => {
  const { args } = rendered({ settings: settings({ logging: { level: { default: 'info', router: 'debug', http: 'trace' } }, concurrency: 4, extraArgs: ['--drain-time-s=9'] }) }).envoy;
  assert.equal(argument(args, '--log-level'), 'info');
  assert.equal(argument(args, '--component-log-level'), 'http:trace,router:debug');
  assert.equal(argument(args, '--concurrency'), '4');
  assert.deepEqual(args.filter((arg) => arg.startsWith('--drain-time-s')), ['--drain-time-s=9']);
  assert.equal(argument(args, '--service-cluster'), 'default/ack-gateway');
  assert.equal(argument(args, '--service-node'), '$(ENVOY_POD_NAME)');
});

test('the edge manifest: a node pool, and a NodePort Service with an annotation', async () => {
  const { parse } = await import('yaml');
  const proxy = parse(readFileSync(join(import.meta.dirname, 'testdata/edge-envoyproxy.yaml'), 'utf8')) as { spec: object };
  const { pod, service, faults } = rendered({ settings: settings(proxy.spec) });
  assert.deepEqual(faults, []);
  assert.deepEqual(pod.spec['nodeSelector'], { 'alibabacloud.com/nodepool-id': 'NPXXX' });
  assert.equal(service.spec['type'], 'NodePort');
  assert.equal(service.metadata.annotations?.['openyurt.io/topologyKeys'], 'openyurt.io/nodepool');
  assert.equal(service.metadata.name, 'envoy-default-ack-gateway-7452df7d');
});

test('what is wrong is a fault with field and reason, and the object is made without it', () => {
  const bad = rendered({
    settings: settings({ bootstrap: { type: 'Merge', value: '- no mapping' } }, { envoyService: { type: 'LoadBalancer', externalTrafficPolicy: 'Local', patch: { value: { spec: { ports: [{ nodePort: 1 }] } } } } }),
  });
  assert.deepEqual(bad.faults, [
    'spec.bootstrap: value is no YAML mapping',
    'spec.provider.kubernetes.envoyService.patch: spec.ports: an item of the patch has no containerPort or port, by which it is found',
  ]);
  assert.deepEqual(bad.service.spec, rendered().service.spec);
  assert.deepEqual(rendered({ settings: settings({ provider: { type: 'Host' } }) }).faults, ["spec.provider.type: 'Host' is for proxies outside a cluster"]);
});

test('rendering is the same each time, and JSON loses nothing of it', () => {
  const first = renderProxy(wantedProxy(), environment);
  assert.deepEqual(JSON.parse(JSON.stringify(first)), first);
  assert.deepEqual(renderProxy(wantedProxy(), environment), first);
});
