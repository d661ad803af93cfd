import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { crds } from '../../../src/api/crds.ts';
import { KINDS, kindNamed } from '../../../src/api/kinds.ts';
import { WATCHED_KINDS } from '../../../src/app/served-kinds.ts';
import { pickerKinds } from '../../../src/epp/picker.ts';
import { moongateVersion } from '../../../src/app/versions.ts';
import { STATUS_KINDS } from '../../../src/status/plan/shapes.ts';
import { writeChartCrds } from '../../../tools/charts/chart-crds.ts';
import { installManifest } from '../../../tools/charts/install-manifest.ts';
import { ensureProgram } from '../tools/ensure.ts';
import { helm } from '../tools/recipes.ts';
import { allowed, charts, containerOf, isOfPicker, namespace, only, parse, render, role, runHelm, specOf, workload } from './chart-rendering.ts';
import type { Rendered, Role, Workload } from './chart-rendering.ts';

/** The chart with settings of what Envoy Gateway has in its configuration file. */
function configured(envoyGateway: object): Promise<readonly Rendered[]> {
  return render('moongate', { config: { envoyGateway } });
}

/** The chart with settings of its Deployment. */
async function deployed(deployment: object): Promise<Workload> {
  return workload(await render('moongate', { deployment }), 'Deployment');
}

const names = (objects: readonly Rendered[], kind: string): string[] => objects.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name).sort();

describe('the chart as it is', () => {
  it('is clean to Helm', async () => {
    writeChartCrds();
    for (const chart of ['moongate', 'moongate-crds']) {
      assert.match(await runHelm(['lint', '--strict', '--kube-version', '1.36.0', join(charts, chart)]), /0 chart\(s\) failed/);
    }
  });

  it('is one of each object, in the namespace of the release', async () => {
    const objects = await render('moongate');
    assert.deepEqual(objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`).sort(), [
      `ClusterRole /moongate:${namespace}`,
      `ClusterRole /moongate:${namespace}-picker`,
      `ClusterRoleBinding /moongate:${namespace}`,
      `ClusterRoleBinding /moongate:${namespace}-picker`,
      `Deployment ${namespace}/moongate`,
      `Deployment ${namespace}/moongate-endpoint-picker`,
      'GatewayClass /ack-gateway',
      'GatewayClass /eg',
      `PodDisruptionBudget ${namespace}/moongate`,
      `Role ${namespace}/moongate`,
      `RoleBinding ${namespace}/moongate`,
      `Service ${namespace}/envoy-gateway`,
      `Service ${namespace}/moongate-endpoint-picker`,
      `ServiceAccount ${namespace}/moongate`,
      `ServiceAccount ${namespace}/moongate-endpoint-picker`,
    ]);
  });

  it('runs the controller with what it needs to be told', async () => {
    const { image, imagePullPolicy, args, env } = containerOf(await render('moongate'));
    const own = `docker.io/moongate/moongate:${moongateVersion()}`;
    assert.equal(image, own);
    assert.equal(imagePullPolicy, 'IfNotPresent');
    assert.deepEqual(args, [
      'controller',
      '--controller-name=gateway.envoyproxy.io/gatewayclass-controller',
      '--deploy=ControllerNamespace',
      `--xds-host=envoy-gateway.${namespace}.svc`,
      '--cluster-domain=cluster.local',
      `--helper-image=${own}`,
      '--endpoint-picker=moongate-endpoint-picker:9002',
      '--log-level=info',
      '--log-format=json',
    ]);
    assert.deepEqual(env.map(({ name }) => name), ['POD_NAMESPACE', 'POD_NAME']);
  });

  it('runs without privileges', async () => {
    const objects = await render('moongate');
    const { spec } = workload(objects, 'Deployment').spec.template;
    const user = { runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532, seccompProfile: { type: 'RuntimeDefault' } };
    assert.deepEqual(spec.securityContext, { ...user, fsGroup: 65532 });
    assert.deepEqual(containerOf(objects).securityContext, {
      ...user, allowPrivilegeEscalation: false, privileged: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] },
    });
    assert.equal(spec.automountServiceAccountToken, true);
    assert.equal(only(objects, 'ServiceAccount')['automountServiceAccountToken'], false);
  });

  it('has resources and probes, whose ports there are', async () => {
    const { resources, ports, ...container } = containerOf(await render('moongate'));
    assert.deepEqual(resources, { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '1024Mi' } });
    assert.deepEqual(ports, [{ name: 'grpc', containerPort: 18000 }, { name: 'health', containerPort: 8081 }, { name: 'metrics', containerPort: 19001 }]);
    const probed = [container.startupProbe, container.livenessProbe, container.readinessProbe].map((probe) => (probe as { httpGet: object }).httpGet);
    assert.deepEqual(probed, ['/healthz', '/healthz', '/readyz'].map((path) => ({ path, port: 'health' })));
  });

  it('replaces its Pods without a gap, and spreads them', async () => {
    const { spec } = workload(await render('moongate'), 'Deployment');
    assert.deepEqual(spec.strategy, { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } });
    assert.deepEqual(spec.template.spec.topologySpreadConstraints, [
      { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: spec.selector.matchLabels } },
    ]);
  });

  it('has a Service, a budget and a Deployment that select the same Pods', async () => {
    const objects = await render('moongate');
    const deployment = workload(objects, 'Deployment');
    const service = specOf(objects, 'Service');
    const budget = specOf(objects, 'PodDisruptionBudget');
    assert.deepEqual(service['selector'], deployment.spec.selector.matchLabels);
    assert.deepEqual(budget['selector'], deployment.spec.selector);
    assert.deepEqual(deployment.spec.template.metadata.labels, deployment.spec.selector.matchLabels);
    assert.equal(service['clusterIP'], 'None');
    assert.deepEqual(service['ports'], [{ name: 'grpc', port: 18000, targetPort: 'grpc' }, { name: 'metrics', port: 19001, targetPort: 'metrics' }]);
    assert.equal(budget['maxUnavailable'], 1);
  });

  it('has the two GatewayClasses that people name', async () => {
    const objects = await render('moongate');
    for (const name of ['ack-gateway', 'eg']) {
      assert.deepEqual(specOf(objects, 'GatewayClass', name), { controllerName: 'gateway.envoyproxy.io/gatewayclass-controller' });
    }
  });
});

describe('what the controller may do', () => {
  const rolesOf = (objects: readonly Rendered[]): Role[] => objects.filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role').map((object) => object as Role);

  it('is never "everything", whatever is installed', async () => {
    const kubernetes = [{}, { watch: { namespaces: ['a'] } }, { deploy: { type: 'GatewayNamespace' } }, { watch: { namespaces: ['a'] }, deploy: { type: 'GatewayNamespace' } }];
    for (const provider of kubernetes) {
      const roles = rolesOf(await configured({ provider: { kubernetes: provider } }));
      assert.ok(roles.length >= 2);
      assert.deepEqual(roles.flatMap(allowed).filter((line) => line.includes('*')), []);
      assert.deepEqual(roles.filter((one) => !isOfPicker(one)).flatMap(allowed).filter((line) => /\/(pods|roles|clusterroles|rolebindings)\b|escalate|impersonate|\/exec/.test(line)), []);
    }
  });

  it('is to read every kind that is translated', async () => {
    const lines = allowed(role(await render('moongate'), 'ClusterRole'));
    assert.ok(WATCHED_KINDS.length >= 29);
    for (const { group, plural } of WATCHED_KINDS.map(kindNamed)) assert.ok(lines.includes(`${group}/${plural}: get list watch`), `${plural} of ${group} cannot be read`);
  });

  it('is to write the status of every kind that has one of ours', async () => {
    const lines = allowed(role(await render('moongate'), 'ClusterRole'));
    for (const name of STATUS_KINDS) {
      const { group, plural } = KINDS.get(name) ?? assert.fail(`${name} is no kind of ours`);
      assert.ok(lines.includes(`${group}/${plural}/status: patch`), `the status of ${name} cannot be written`);
    }
    assert.equal(lines.filter((line) => line.includes('/status: ')).length, STATUS_KINDS.length);
  });

  it('is to write nothing of the whole cluster but statuses, the Services by which Pods are listed, and the Deployments of model servers', async () => {
    const writing = allowed(role(await render('moongate'), 'ClusterRole')).filter((line) => !line.endsWith(': get list watch'));
    assert.ok(writing.length > 10);
    assert.deepEqual(writing.filter((line) => !line.endsWith('/status: patch')), ['/services: create patch delete', 'apps/deployments: get create patch']);
    const without = allowed(role(await render('moongate', { rbac: { selectorServices: false } }), 'ClusterRole'));
    assert.ok(!without.includes('/services: create patch delete'), 'pools and XBackends may select Pods, unless they are not to');
    const undeployed = allowed(role(await render('moongate', { rbac: { modelServers: false } }), 'ClusterRole'));
    assert.ok(!undeployed.some((line) => line.startsWith('apps/deployments')), 'pools may bring model servers, unless they are not to');
  });

  it('is to keep proxies, certificates and a Lease in its own namespace', async () => {
    const write = 'get list watch create update patch delete';
    const own = role(await render('moongate'), 'Role');
    assert.equal(own.metadata.namespace, namespace);
    assert.deepEqual(allowed(own).sort(), [
      '/configmaps moongate-rejections: get list watch patch',
      '/configmaps: create',
      `/configmaps: ${write}`,
      '/secrets: get list watch create update delete',
      `/serviceaccounts: ${write}`,
      `/services: ${write}`,
      `apps/daemonsets: ${write}`,
      `apps/deployments: ${write}`,
      `autoscaling/horizontalpodautoscalers: ${write}`,
      'coordination.k8s.io/leases: get create update',
      `policy/poddisruptionbudgets: ${write}`,
    ]);
  });

  it('is confined to the namespaces that are watched', async () => {
    const objects = await configured({ provider: { kubernetes: { watch: { type: 'Namespaces', namespaces: ['shop', 'bank'] } } } });
    const cluster = allowed(role(objects, 'ClusterRole'));
    assert.deepEqual(cluster.filter((line) => /secrets|configmaps|services|httproutes|envoyproxies/.test(line)), []);
    assert.ok(cluster.includes('gateway.networking.k8s.io/gatewayclasses/status: patch'));
    const watched = rolesOf(objects).filter(({ metadata }) => metadata.name === 'moongate-watched');
    assert.deepEqual(watched.map(({ metadata }) => metadata.namespace), ['shop', 'bank']);
    for (const each of watched) {
      assert.ok(allowed(each).includes('/secrets: get list watch'));
      assert.ok(allowed(each).includes('gateway.networking.k8s.io/httproutes/status: patch'));
    }
    assert.deepEqual(containerOf(objects).args.filter((arg) => arg.startsWith('--watch')), ['--watch-namespace=shop', '--watch-namespace=bank']);
  });

  it('follows the proxies into the namespaces of their Gateways', async () => {
    const everywhere = await configured({ provider: { kubernetes: { deploy: { type: 'GatewayNamespace' } } } });
    const deployments = 'apps/deployments: get list watch create update patch delete';
    assert.ok(allowed(role(everywhere, 'ClusterRole')).includes(deployments));
    assert.ok(!allowed(role(everywhere, 'Role')).includes(deployments));
    assert.ok(containerOf(everywhere).args.includes('--deploy=GatewayNamespace'));

    const some = await configured({ provider: { kubernetes: { deploy: { type: 'GatewayNamespace' }, watch: { namespaces: ['shop'] } } } });
    assert.ok(!allowed(role(some, 'ClusterRole')).includes(deployments));
    assert.ok(allowed(role(some, 'Role', 'moongate-watched')).includes(deployments));
  });

  it('is bound to the account that the Pods run as', async () => {
    const objects = await render('moongate', { serviceAccount: { name: 'keeper' } });
    const bindings = objects.filter((object) => object.kind.endsWith('Binding') && !isOfPicker(object)) as (Rendered & { roleRef: { kind: string; name: string }; subjects: object[] })[];
    assert.equal(bindings.length, 2);
    for (const { kind, metadata, roleRef, subjects } of bindings) {
      assert.deepEqual(subjects, [{ kind: 'ServiceAccount', name: 'keeper', namespace }]);
      assert.deepEqual([`${roleRef.kind}Binding`, roleRef.name], [kind, metadata.name]);
    }
    assert.equal(only(objects, 'ServiceAccount').metadata.name, 'keeper');
    assert.equal(workload(objects, 'Deployment').spec.template.spec.serviceAccountName, 'keeper');
  });

  it('lets the endpoint picker read pools and Pods, where it is to look', async () => {
    const read = pickerKinds.filter((kind) => kind !== 'EndpointSlice').map(kindNamed);
    const reading = read.map(({ group, plural }) => `${group}/${plural}: get list watch`).sort();
    assert.deepEqual(allowed(role(await render('moongate'), 'ClusterRole', `moongate:${namespace}-picker`)).sort(), reading);
    const some = await configured({ provider: { kubernetes: { watch: { namespaces: ['shop'] } } } });
    const own = role(some, 'Role', 'moongate-endpoint-picker');
    assert.deepEqual([own.metadata.namespace, ...allowed(own).sort()], ['shop', ...reading]);
    assert.ok(containerOf(some, 'moongate-endpoint-picker').args.includes('--watch-namespace=shop'));
    const none = await render('moongate', { endpointPicker: { enabled: false } });
    assert.deepEqual(none.filter(isOfPicker), []);
    assert.ok(!containerOf(none).args.some((arg) => arg.startsWith('--endpoint-picker')));
  });

  it('can be left to others', async () => {
    const objects = await render('moongate', { rbac: { create: false }, serviceAccount: { create: false, name: 'theirs' } });
    assert.deepEqual(objects.map(({ kind }) => kind).filter((kind) => /Role|Account/.test(kind)), []);
  });
});

describe('images', () => {
  const images = async (values: object): Promise<{ own: string; helper: string | undefined; envoy: string | undefined }> => {
    const { image, args } = containerOf(await render('moongate', values));
    const argument = (flag: string): string | undefined => args.find((arg) => arg.startsWith(`${flag}=`))?.slice(flag.length + 1);
    return { own: image, helper: argument('--helper-image'), envoy: argument('--envoy-image') };
  };

  const cases: readonly (readonly [string, object, { own: string; envoy: string | undefined }])[] = [
    ['a repository without a tag has the version of the chart', { deployment: { envoyGateway: { image: { repository: 'example.com/a/moongate' } } } },
      { own: `example.com/a/moongate:${moongateVersion()}`, envoy: undefined }],
    ['repository and tag win over the global image',
      { deployment: { envoyGateway: { image: { repository: 'example.com/a', tag: 'x' } } }, global: { images: { envoyGateway: { image: 'example.com/b:y' } } } },
      { own: 'example.com/a:x', envoy: undefined }],
    ['a tag alone is another release of our own image', { deployment: { envoyGateway: { image: { tag: '9' } } } }, { own: 'docker.io/moongate/moongate:9', envoy: undefined }],
    ['the global images are taken as they are, digests too', { global: { images: { envoyGateway: { image: 'example.com/b@sha256:00' }, envoyProxy: { image: 'example.com/envoy:1' } } } },
      { own: 'example.com/b@sha256:00', envoy: 'example.com/envoy:1' }],
    ['a registry of one\'s own takes the place of every other', { global: { imageRegistry: 'mirror.example.com:5000/cache' } },
      { own: `mirror.example.com:5000/cache/moongate/moongate:${moongateVersion()}`, envoy: 'mirror.example.com:5000/cache/envoyproxy/envoy:distroless-v1.40.0' }],
    ['names without a registry get one', { global: { imageRegistry: 'mirror', images: { envoyGateway: { image: 'moongate:1' }, envoyProxy: { image: 'team/envoy:2' } } } },
      { own: 'mirror/moongate:1', envoy: 'mirror/team/envoy:2' }],
  ];
  for (const [name, values, expected] of cases) {
    it(name, async () => {
      assert.deepEqual(await images(values), { ...expected, helper: expected.own });
    });
  }

  it('are pulled as the values say, those of proxies by the EnvoyProxy of the classes', async () => {
    const objects = await render('moongate', {
      global: { imagePullSecrets: [{ name: 'registry' }], images: { envoyGateway: { pullPolicy: 'Always' }, envoyProxy: { pullPolicy: 'Never' } } },
    });
    assert.deepEqual(workload(objects, 'Deployment').spec.template.spec.imagePullSecrets, [{ name: 'registry' }]);
    assert.equal(containerOf(objects).imagePullPolicy, 'Always');
    assert.deepEqual(specOf(objects, 'EnvoyProxy'), {
      provider: { type: 'Kubernetes', kubernetes: { envoyDeployment: {
        pod: { imagePullSecrets: [{ name: 'registry' }] },
        patch: { type: 'StrategicMerge', value: { spec: { template: { spec: { containers: [{ name: 'envoy', imagePullPolicy: 'Never' }] } } } } },
      } } },
    });
    const spec = specOf(objects, 'GatewayClass', 'eg');
    assert.deepEqual(spec['parametersRef'], { group: 'gateway.envoyproxy.io', kind: 'EnvoyProxy', name: 'moongate', namespace });
  });
});

describe('values that people use', () => {
  it('the settings of Pods arrive in Pods', async () => {
    const pod = {
      nodeSelector: { disk: 'ssd' },
      tolerations: [{ key: 'edge', operator: 'Exists' }],
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }] } } },
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { a: 'b' } } }],
      extraVolumes: [{ name: 'ca', configMap: { name: 'ca' } }],
    };
    const { spec: { template } } = await deployed({
      priorityClassName: 'system-cluster-critical',
      pod: { ...pod, annotations: { note: 'x' }, labels: { team: 'edge' }, extraVolumeMounts: [{ name: 'ca', mountPath: '/ca', readOnly: true }] },
    });
    const { extraVolumes, ...same } = pod;
    for (const [field, value] of Object.entries(same)) assert.deepEqual(template.spec[field as keyof typeof same], value);
    assert.deepEqual(template.spec.volumes, extraVolumes);
    assert.deepEqual(template.spec.containers[0]?.volumeMounts, [{ name: 'ca', mountPath: '/ca', readOnly: true }]);
    assert.equal(template.spec.priorityClassName, 'system-cluster-critical');
    assert.deepEqual(template.metadata.annotations, { 'note': 'x', 'prometheus.io/scrape': 'true', 'prometheus.io/port': '19001' });
    assert.equal(template.metadata.labels?.['team'], 'edge');
  });

  it('replicas, resources, strategy, environment and arguments arrive in the Deployment', async () => {
    const { spec } = await deployed({
      replicas: 3,
      envoyGateway: {
        resources: { limits: { memory: '2Gi', cpu: '2' } }, strategy: { type: 'Recreate' }, extraEnv: [{ name: 'TZ', value: 'UTC' }], extraArgs: ['--xds-port=18000'],
      },
    });
    assert.equal(spec.replicas, 3);
    assert.deepEqual(spec.strategy, { type: 'Recreate' });
    const [container] = spec.template.spec.containers;
    assert.deepEqual(container?.resources, { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '2Gi', cpu: '2' } });
    assert.deepEqual(container?.env.at(-1), { name: 'TZ', value: 'UTC' });
    assert.equal(container?.args.at(-1), '--xds-port=18000');
  });

  it('controller names, log, DNS domain and election arrive in the arguments', async () => {
    const objects = await render('moongate', {
      kubernetesClusterDomain: 'corp.example',
      config: {
        controllerNames: ['example.com/other', 'example.com/mine'],
        envoyGateway: {
          gateway: { controllerName: 'example.com/mine' },
          logging: { level: { default: 'debug' }, encoder: 'Text' },
          provider: { kubernetes: { leaderElection: { leaseDuration: '30s', renewDeadline: '20s', retryPeriod: '500ms' } } },
        },
      },
    });
    const { args } = containerOf(objects);
    assert.deepEqual(args.filter((arg) => /controller-name|log|lease|renew|retry|domain/.test(arg)), [
      '--controller-name=example.com/mine', '--controller-name=example.com/other', '--cluster-domain=corp.example',
      '--lease-duration=30s', '--renew-deadline=20s', '--retry-period=500ms', '--log-level=debug', '--log-format=text',
    ]);
    assert.equal(specOf(objects, 'GatewayClass', 'eg')['controllerName'], 'example.com/mine');
    assert.ok(containerOf(await configured({ provider: { kubernetes: { leaderElection: { disable: true } } } })).args.includes('--no-leader-election'));
  });

  it('a selector of namespaces is written as kubectl takes it', async () => {
    const namespaceSelector = {
      matchLabels: { team: 'a', env: 'prod' },
      matchExpressions: [
        { key: 'tier', operator: 'In', values: ['web', 'api'] }, { key: 'zone', operator: 'NotIn', values: ['x'] },
        { key: 'shared', operator: 'Exists' }, { key: 'private', operator: 'DoesNotExist' },
      ],
    };
    const objects = await configured({ provider: { kubernetes: { watch: { type: 'NamespaceSelector', namespaceSelector } } } });
    assert.ok(containerOf(objects).args.includes('--watch-namespace-selector=env=prod,team=a,tier in (web,api),zone notin (x),shared,!private'));
    assert.deepEqual(names(objects, 'Role'), ['moongate']);
  });

  it('an EnvoyProxy for all classes is what they refer to, and has to be watched', async () => {
    const envoyProxy = { provider: { type: 'Kubernetes', kubernetes: { envoyDeployment: { replicas: 2 } } } };
    const objects = await configured({ envoyProxy });
    assert.deepEqual(specOf(objects, 'EnvoyProxy'), envoyProxy);
    await assert.rejects(configured({ envoyProxy, provider: { kubernetes: { watch: { namespaces: ['shop'] } } } }), /watch.namespaces: envoy-gateway-system has to be watched/);
  });

  it('the Service can have an address, and other names can be had', async () => {
    const spec = async (service: object): Promise<Record<string, unknown>> => specOf(await render('moongate', { service }), 'Service');
    assert.equal((await spec({ headless: false }))['clusterIP'], undefined);
    const near = await spec({ trafficDistribution: 'PreferClose' });
    assert.deepEqual([near['clusterIP'], near['trafficDistribution']], [undefined, 'PreferClose']);
    const balanced = await spec({ type: 'LoadBalancer', loadBalancerIP: '192.0.2.7' });
    assert.deepEqual([balanced['type'], balanced['clusterIP'], balanced['loadBalancerIP']], ['LoadBalancer', undefined, '192.0.2.7']);

    const objects = await render('moongate', { fullnameOverride: 'gw', namespaceOverride: 'kube-system', service: { name: 'gw-xds', annotations: { a: 'b' } } });
    assert.deepEqual(only(objects, 'Service').metadata.annotations, { a: 'b' });
    assert.ok(containerOf(objects, 'gw').args.includes('--xds-host=gw-xds.kube-system.svc'));
    assert.deepEqual([...new Set(objects.map(({ metadata }) => metadata.namespace).filter((name) => name !== undefined))], ['kube-system']);
    assert.deepEqual(names(objects, 'ClusterRole'), ['gw:kube-system', 'gw:kube-system-picker']);
  });

  it('a budget is what the values say, and none when they say zero', async () => {
    const budget = async (podDisruptionBudget: object): Promise<unknown[]> =>
      (await render('moongate', { podDisruptionBudget })).filter(({ kind }) => kind === 'PodDisruptionBudget').map((object) => {
        const { selector: _, ...spec } = object['spec'] as Record<string, unknown>;
        return spec;
      });
    assert.deepEqual(await budget({ minAvailable: 2, unhealthyPodEvictionPolicy: 'AlwaysAllow' }), [{ minAvailable: 2, unhealthyPodEvictionPolicy: 'AlwaysAllow' }]);
    assert.deepEqual(await budget({ minAvailable: '50%' }), [{ minAvailable: '50%' }]);
    assert.deepEqual(await budget({ maxUnavailable: '25%' }), [{ maxUnavailable: '25%' }]);
    assert.deepEqual(await budget({ minAvailable: 0, maxUnavailable: 0 }), []);
  });

  it('an autoscaler takes the number of replicas over', async () => {
    const objects = await render('moongate', { hpa: { enabled: true, minReplicas: 2, maxReplicas: 5, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }] } });
    assert.equal(workload(objects, 'Deployment').spec.replicas, undefined);
    const spec = specOf(objects, 'HorizontalPodAutoscaler');
    assert.deepEqual([spec['minReplicas'], spec['maxReplicas'], spec['scaleTargetRef']], [2, 5, { apiVersion: 'apps/v1', kind: 'Deployment', name: 'moongate' }]);
  });

  it('classes can be left out, added and pointed elsewhere', async () => {
    const parametersRef = { group: 'gateway.envoyproxy.io', kind: 'EnvoyProxy', name: 'mine', namespace: 'x' };
    const objects = await render('moongate', { gatewayClasses: { eg: { enabled: false }, internal: { enabled: true, description: 'inside only', parametersRef } } });
    assert.deepEqual(names(objects, 'GatewayClass'), ['ack-gateway', 'internal']);
    assert.deepEqual(specOf(objects, 'GatewayClass', 'internal'), {
      controllerName: 'gateway.envoyproxy.io/gatewayclass-controller', description: 'inside only', parametersRef,
    });
  });

  it('labels for everything are on everything, and never in a selector', async () => {
    const objects = await render('moongate', { commonLabels: { owner: 'platform' }, createNamespace: true });
    assert.deepEqual(objects.filter(({ metadata }) => metadata.labels?.['owner'] !== 'platform').map(({ kind }) => kind), []);
    assert.equal(workload(objects, 'Deployment').spec.selector.matchLabels['owner'], undefined);
    assert.deepEqual(names(objects, 'Namespace'), [namespace]);
  });
});

describe('a replica in each pool of nodes', () => {
  const label = 'alibabacloud.com/nodepool-id';

  it('is a Deployment for each, bound to the nodes of its pool', async () => {
    const objects = await render('moongate', { deployment: { nodePools: { label, names: ['np1', 'NP_2'] }, pod: { nodeSelector: { os: 'linux' } } } });
    assert.deepEqual(names(objects, 'Deployment'), ['moongate-endpoint-picker', 'moongate-np-2', 'moongate-np1']);
    for (const [name, pool] of [['moongate-np1', 'np1'], ['moongate-np-2', 'NP_2']] as const) {
      const { spec } = workload(objects, 'Deployment', name);
      assert.deepEqual(spec.template.spec.nodeSelector, { [label]: pool, os: 'linux' });
      assert.equal(spec.selector.matchLabels['node-pool'], pool);
      assert.equal(spec.template.metadata.labels?.['node-pool'], pool);
    }
    // Nor is it in the Service's: an Envoy may go to any of them.
    assert.equal(Object.hasOwn(specOf(objects, 'Service')['selector'] as object, 'node-pool'), false);
  });

  it('or one on every node', async () => {
    const daemons = workload(await render('moongate', { deployment: { kind: 'DaemonSet' } }), 'DaemonSet');
    assert.equal(daemons.spec.replicas, undefined);
    assert.deepEqual(daemons.spec.updateStrategy, { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } });
    assert.equal(daemons.spec.template.spec.topologySpreadConstraints, undefined);
  });

  it('needs the label, and cannot be scaled by one autoscaler', async () => {
    await assert.rejects(render('moongate', { deployment: { nodePools: { names: ['a'] } } }), /nodePools.label: the label that tells a node's pool is needed/);
    await assert.rejects(render('moongate', { deployment: { nodePools: { label, names: ['a'] } }, hpa: { enabled: true } }), /hpa.enabled: an autoscaler scales one Deployment/);
  });
});

describe('values that are wrong', () => {
  const cases: readonly (readonly [string, object, RegExp])[] = [
    ['a misspelt name', { deployment: { replica: 2 } }, /'replica' not allowed/],
    ['a setting of Envoy Gateway that is not there yet', { config: { envoyGateway: { rateLimit: {} } } }, /'rateLimit' not allowed/],
    ['another provider', { config: { envoyGateway: { provider: { type: 'Custom' } } } }, /provider.type|provider\/type/],
    ['a log level that is none', { config: { envoyGateway: { logging: { level: { default: 'chatty' } } } } }, /level.default|level\/default/],
    ['a selector without its type', { config: { envoyGateway: { provider: { kubernetes: { watch: { namespaceSelector: { matchLabels: { a: 'b' } } } } } } } }, /watch/],
    ['a controller name without a domain', { config: { envoyGateway: { gateway: { controllerName: 'mine' } } } }, /controllerName/],
    ['a channel that is none', { crds: { gatewayAPI: { channel: 'nightly' } } }, /channel/],
  ];
  for (const [name, values, message] of cases) {
    it(`${name} is refused with its place`, async () => {
      await assert.rejects(render(Object.hasOwn(values, 'crds') ? 'moongate-crds' : 'moongate', values), message);
    });
  }

  it('what Envoy Gateway has and we need not is accepted', async () => {
    const objects = await render('moongate', {
      certgen: { job: { ttlSecondsAfterFinished: 1 } }, topologyInjector: { enabled: false }, global: { images: { ratelimit: { image: 'x' } } },
      deployment: { ports: [{ name: 'grpc', port: 18000, targetPort: 18000 }], envoyGateway: { wasmCacheVolume: {} } },
      config: { envoyGateway: { apiVersion: 'gateway.envoyproxy.io/v1alpha1', kind: 'EnvoyGateway', extensionApis: { enableBackend: true } } },
    });
    assert.deepEqual(objects, await render('moongate'));
  });
});

describe('CustomResourceDefinitions', () => {
  interface Crd extends Rendered {
    readonly spec: { readonly group: string };
  }
  const crdsOf = async (values: object): Promise<readonly Crd[]> => (await render('moongate-crds', { crds: values })) as readonly Crd[];
  const channel = ({ metadata }: Rendered): string | undefined => metadata.annotations?.['gateway.networking.k8s.io/channel'];

  it('come in the channel that is chosen, and stay when the release goes', async () => {
    writeChartCrds();
    const experimental = await crdsOf({});
    assert.equal(experimental.length, crds().length);
    assert.deepEqual(experimental.filter(({ metadata }) => metadata.annotations?.['helm.sh/resource-policy'] !== 'keep'), []);
    const standard = (await crdsOf({ gatewayAPI: { channel: 'standard' } })).filter(({ spec }) => spec.group === 'gateway.networking.k8s.io');
    assert.equal(standard.length, 10);
    assert.deepEqual([...new Set(standard.map(channel))], ['standard']);
  });

  it('come project by project', async () => {
    const groups = async (values: object): Promise<string[]> => [...new Set((await crdsOf(values)).map(({ spec }) => spec.group))].sort();
    assert.deepEqual(await groups({ gatewayAPI: { channel: 'none' }, inference: { enabled: false } }), ['gateway.envoyproxy.io']);
    assert.deepEqual(await groups({ gatewayAPI: { enabled: false }, envoyGateway: { enabled: false } }), ['gateway.networking.x-k8s.io', 'inference.networking.k8s.io', 'inference.networking.x-k8s.io', 'llm-d.ai']);
  });

  it('are in the plain manifest, with all the rest', async () => {
    const objects = parse(installManifest({ helm: await ensureProgram(helm), namespace: 'kube-gateway', args: ['--set', 'deployment.replicas=2'] }));
    assert.equal(names(objects, 'CustomResourceDefinition').length, crds().length);
    assert.deepEqual(names(objects, 'Namespace'), ['kube-gateway']);
    assert.deepEqual(names(objects, 'GatewayClass'), ['ack-gateway', 'eg']);
    assert.equal(workload(objects, 'Deployment').spec.replicas, 2);
  });
});
