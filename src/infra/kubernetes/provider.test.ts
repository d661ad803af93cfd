import assert from 'node:assert/strict';
import { test } from 'node:test';

import { rendered, settings } from './testing.ts';

const service = { type: 'LoadBalancer', externalTrafficPolicy: 'Local' } as const;

test('a Deployment takes replicas, strategy, name and all that Pods can have', () => {
  const affinity = { nodeAffinity: {} };
  const { get, pod, envoy } = rendered({
    settings: settings({}, {
      envoyDeployment: {
        name: 'edge-proxy',
        replicas: 3,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 2 } },
        initContainers: [{ name: 'init', image: 'busybox' }],
        pod: {
          affinity,
          annotations: { a: '1' },
          imagePullSecrets: [{ name: 'pull' }],
          labels: { l: '2', 'app.kubernetes.io/name': 'mine' },
          nodeSelector: { n: '3' },
          priorityClassName: 'high',
          securityContext: { fsGroup: 5 },
          tolerations: [{ key: 't', operator: 'Exists' }],
          topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }],
          volumes: [{ name: 'extra', emptyDir: {} }, { name: 'tmp', emptyDir: { medium: 'Memory' } }],
        },
        container: {
          env: [{ name: 'X', value: 'y' }, { name: 'ENVOY_SERVICE_ZONE', value: 'here' }],
          image: 'registry/envoy:mine',
          resources: { limits: { memory: '1Gi' } },
          volumeMounts: [{ name: 'extra', mountPath: '/extra' }],
        },
      },
    }),
  });
  const { metadata, spec } = get('Deployment');
  assert.equal(metadata.name, 'edge-proxy');
  assert.equal(spec['replicas'], 3);
  assert.deepEqual(spec['strategy'], { type: 'RollingUpdate', rollingUpdate: { maxSurge: 2 } });
  assert.deepEqual(pod.spec['initContainers'], [{ name: 'init', image: 'busybox' }]);
  assert.deepEqual(pod.spec['affinity'], affinity);
  assert.deepEqual(pod.spec['imagePullSecrets'], [{ name: 'pull' }]);
  assert.deepEqual(pod.spec['nodeSelector'], { n: '3' });
  assert.equal(pod.spec['priorityClassName'], 'high');
  assert.deepEqual(pod.spec['securityContext'], { fsGroup: 5 });
  assert.deepEqual(pod.spec['tolerations'], [{ key: 't', operator: 'Exists' }]);
  assert.deepEqual(pod.spec['topologySpreadConstraints'], [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }]);
  assert.deepEqual(pod.spec.volumes.slice(-2), [{ name: 'extra', emptyDir: {} }, { name: 'tmp', emptyDir: { medium: 'Memory' } }]);
  assert.equal(pod.metadata.labels['l'], '2');
  assert.equal(pod.metadata.labels['app.kubernetes.io/name'], 'envoy');
  assert.equal(pod.metadata.annotations?.['a'], '1');
  assert.equal(envoy.image, 'registry/envoy:mine');
  assert.deepEqual(envoy['resources'], { limits: { memory: '1Gi' } });
  assert.deepEqual(envoy.env.map(({ name, value }) => [name, value]), [
    ['ENVOY_POD_NAMESPACE', undefined], ['ENVOY_POD_NAME', undefined], ['ENVOY_NODE_NAME', undefined], ['ENVOY_SERVICE_ZONE', 'here'], ['X', 'y'],
  ]);
  assert.deepEqual(envoy.volumeMounts.at(-1), { name: 'extra', mountPath: '/extra' });
});

test('another repository keeps the version that we are made for', () => {
  const { envoy } = rendered({ settings: settings({}, { envoyDeployment: { container: { imageRepository: 'mirror.example.com:5000/envoy' } } }) });
  assert.equal(envoy.image, 'mirror.example.com:5000/envoy:distroless-v1.40.0');
});

test('requests of the containers are small by default', () => {
  const { envoy, helper } = rendered();
  assert.deepEqual(envoy['resources'], { requests: { cpu: '100m', memory: '512Mi' } });
  assert.deepEqual(helper['resources'], { requests: { cpu: '10m', memory: '64Mi' } });
});

test('a DaemonSet takes the place of the Deployment, and starts the next Pod before it ends the old one', () => {
  const { find, get } = rendered({ settings: settings({}, { envoyDaemonSet: { name: 'ds', pod: { nodeSelector: { a: 'b' } } } }) });
  assert.equal(find('Deployment'), undefined);
  const { metadata, spec } = get('DaemonSet');
  assert.equal(metadata.name, 'ds');
  assert.deepEqual(spec['updateStrategy'], { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } });
  assert.deepEqual(spec.template.spec['nodeSelector'], { a: 'b' });
});

test('Pods with ports of the node cannot stand side by side', () => {
  const patch = { value: { spec: { template: { spec: { hostNetwork: true } } } } };
  const { spec } = rendered({ settings: settings({}, { envoyDaemonSet: { patch } }) }).get('DaemonSet');
  assert.deepEqual(spec['updateStrategy'], { type: 'RollingUpdate' });
  assert.equal(spec.template.spec['hostNetwork'], true);
});

test('the number of Pods is the autoscaler\'s where there is one', () => {
  const { get } = rendered({ settings: settings({}, { envoyDeployment: { replicas: 3, name: 'd' }, envoyHpa: { minReplicas: 2, maxReplicas: 9 } }) });
  assert.equal(get('Deployment').spec['replicas'], undefined);
  const { spec } = get('HorizontalPodAutoscaler');
  assert.deepEqual(spec, {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
    minReplicas: 2,
    maxReplicas: 9,
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }],
  });
});

test('a budget is made when it says something', () => {
  const budget = (envoyPDB: object): unknown => rendered({ settings: settings({}, { envoyPDB }) }).find('PodDisruptionBudget')?.spec;
  const selector = { matchLabels: rendered().service.spec['selector'] };
  assert.deepEqual(budget({ minAvailable: '50%' }), { selector, minAvailable: '50%' });
  assert.deepEqual(budget({ maxUnavailable: 1 }), { selector, maxUnavailable: 1 });
  assert.deepEqual(budget({ patch: { value: { spec: { unhealthyPodEvictionPolicy: 'AlwaysAllow' } } } }), { selector, minAvailable: 0, unhealthyPodEvictionPolicy: 'AlwaysAllow' });
  assert.equal(budget({}), undefined);
});

test('the ServiceAccount may have another name', () => {
  const { get, pod } = rendered({ settings: settings({}, { envoyServiceAccount: { name: 'sa' } }) });
  assert.equal(get('ServiceAccount').metadata.name, 'sa');
  assert.equal(pod.spec['serviceAccountName'], 'sa');
});

test('a Service is a load balancer that keeps clients\' addresses, unless a user says otherwise', () => {
  assert.deepEqual(rendered().service.spec, {
    type: 'LoadBalancer',
    selector: rendered().service.spec['selector'],
    ports: [{ name: 'http-80', port: 80, protocol: 'TCP', targetPort: 10_080 }],
    sessionAffinity: 'None',
    externalTrafficPolicy: 'Local',
  });
  const { metadata, spec } = rendered({
    settings: settings({}, {
      envoyService: {
        type: 'LoadBalancer',
        externalTrafficPolicy: 'Cluster',
        name: 'svc',
        annotations: { a: '1' },
        labels: { l: '2' },
        loadBalancerClass: 'internal',
        loadBalancerIP: '192.0.2.7',
        loadBalancerSourceRanges: ['10.0.0.0/8'],
        allocateLoadBalancerNodePorts: false,
      },
    }),
  }).service;
  assert.equal(metadata.name, 'svc');
  assert.equal(metadata.annotations?.['a'], '1');
  assert.equal(metadata.labels?.['l'], '2');
  const { externalTrafficPolicy, loadBalancerClass, loadBalancerIP, loadBalancerSourceRanges, allocateLoadBalancerNodePorts } = spec;
  assert.deepEqual(
    { externalTrafficPolicy, loadBalancerClass, loadBalancerIP, loadBalancerSourceRanges, allocateLoadBalancerNodePorts },
    { externalTrafficPolicy: 'Cluster', loadBalancerClass: 'internal', loadBalancerIP: '192.0.2.7', loadBalancerSourceRanges: ['10.0.0.0/8'], allocateLoadBalancerNodePorts: false },
  );
});

test('the Gateway\'s addresses are asked of whatever the Service is', () => {
  const addresses = ['192.0.2.1', '192.0.2.2'];
  const spec = (type: 'ClusterIP' | 'LoadBalancer' | 'NodePort', loadBalancerIP?: string): Record<string, unknown> => {
    const envoyService = { ...service, type, ...(loadBalancerIP === undefined ? {} : { loadBalancerIP }) };
    return rendered({ addresses, settings: settings({}, { envoyService }) }).service.spec;
  };
  assert.deepEqual([spec('LoadBalancer')['loadBalancerIP'], spec('LoadBalancer')['externalIPs']], ['192.0.2.1', addresses]);
  assert.equal(spec('LoadBalancer', '192.0.2.9')['loadBalancerIP'], '192.0.2.9');
  assert.deepEqual(spec('NodePort')['externalIPs'], addresses);
  assert.deepEqual([spec('ClusterIP')['clusterIP'], spec('ClusterIP')['clusterIPs'], spec('ClusterIP')['externalIPs']], ['192.0.2.1', ['192.0.2.1'], undefined]);
});

test('a Gateway that wants addresses in the cluster alone gets a Service that has no others', () => {
  const spec = (only: boolean, ...requested: readonly string[]) => rendered({ clusterAddresses: { requested, only }, settings: settings({}, { envoyService: service }) }).service.spec;
  const inside = spec(true, '10.96.0.7');
  assert.deepEqual([inside['type'], inside['clusterIP'], inside['externalTrafficPolicy']], ['ClusterIP', '10.96.0.7', undefined]);
  assert.deepEqual([spec(true)['type'], spec(true)['clusterIP']], ['ClusterIP', undefined]);
  const both = spec(false, '10.96.0.7');
  assert.deepEqual([both['type'], both['clusterIPs'], both['externalIPs']], ['LoadBalancer', ['10.96.0.7'], undefined]);
});

test('ipFamily is that of the Service and of the proxy\'s own listeners', () => {
  const spec = (ipFamily: 'IPv4' | 'IPv6' | 'DualStack'): readonly unknown[] => {
    const { spec: of } = rendered({ settings: settings({ ipFamily }) }).service;
    return [of['ipFamilies'], of['ipFamilyPolicy']];
  };
  assert.deepEqual(spec('IPv4'), [undefined, undefined]);
  assert.deepEqual(spec('IPv6'), [['IPv6'], 'SingleStack']);
  assert.deepEqual(spec('DualStack'), [['IPv4', 'IPv6'], 'RequireDualStack']);
});

test('every object can be patched, either way, and stays what it is', () => {
  const strategic = { type: 'StrategicMerge', value: { metadata: { labels: { p: '1' } }, spec: { template: { spec: { containers: [{ name: 'envoy', env: [{ name: 'P', value: '1' }] }] } } } } };
  const json = { type: 'JSONMerge', value: { metadata: { name: 'other', namespace: 'other' }, spec: { externalTrafficPolicy: null, internalTrafficPolicy: 'Local' } } };
  const { get, envoy, service: patched } = rendered({
    settings: settings({}, {
      envoyDeployment: { patch: strategic },
      envoyService: { ...service, patch: json },
      envoyHpa: { maxReplicas: 2, patch: { value: { spec: { maxReplicas: 5 } } } },
    }),
  });
  assert.equal(get('Deployment').metadata.labels?.['p'], '1');
  assert.equal(envoy.image, rendered().envoy.image);
  assert.deepEqual(envoy.env.at(-1), { name: 'P', value: '1' });
  assert.deepEqual([patched.spec['externalTrafficPolicy'], patched.spec['internalTrafficPolicy']], [undefined, 'Local']);
  assert.deepEqual(patched.metadata.name, rendered().service.metadata.name);
  assert.equal(patched.metadata.namespace, 'moongate-system');
  assert.equal(get('HorizontalPodAutoscaler').spec['maxReplicas'], 5);
});

test('statistics for Prometheus are announced, and can be switched off', () => {
  assert.deepEqual(rendered().pod.metadata.annotations, { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '19001', 'prometheus.io/path': '/stats/prometheus' });
  const { pod, envoy } = rendered({ settings: settings({ telemetry: { metrics: { prometheus: { disable: true } } } }) });
  assert.equal(pod.metadata.annotations, undefined);
  assert.deepEqual(envoy['ports'], [{ name: 'readiness', containerPort: 19_003, protocol: 'TCP' }]);
});
