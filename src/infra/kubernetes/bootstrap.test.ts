import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { findEnvoy } from '../host/envoy-binary.ts';
import { temporaryDir } from '../host/testing.ts';
import { bootstrapOf, environment, rendered, settings, wantedProxy } from './testing.ts';
import { issueAuthority, issueLeaf } from './certificates/issue.ts';
import type { ProxySettings } from './wanted-proxy.ts';

type Changes = NonNullable<ProxySettings['bootstrap']>;

/** Has Envoy check a proxy's whole command line, with the volumes of its Pod in a folder. */
async function validate(changes: ProxySettings | undefined): Promise<string> {
  await using dir = await temporaryDir();
  const { get, envoy, faults } = rendered({ settings: changes });
  assert.deepEqual(faults, []);
  const inDir = (text: string): string => text.replaceAll('"/sds/', `"${dir.path}/sds/`).replaceAll('"/certs', `"${dir.path}/certs`);
  await mkdir(join(dir.path, 'sds'));
  await mkdir(join(dir.path, 'certs'));
  for (const [name, document] of Object.entries(get('ConfigMap').data)) await writeFile(join(dir.path, 'sds', name), inDir(document));
  const now = Date.now();
  const authority = await issueAuthority({ now, days: 1 });
  const leaf = await issueLeaf(authority, { dnsNames: [], uris: ['spiffe://moongate/proxy/default/ack-gateway'], now, days: 1, usage: 'client' });
  await writeFile(join(dir.path, 'certs/ca.crt'), authority.cert);
  await writeFile(join(dir.path, 'certs/tls.crt'), leaf.cert);
  await writeFile(join(dir.path, 'certs/tls.key'), leaf.key);
  const { path } = await findEnvoy();
  const args = envoy.args.map((arg) => inDir(arg).replaceAll('$(ENVOY_SERVICE_ZONE)', '').replaceAll('$(ENVOY_POD_NAME)', 'pod-1'));
  const { stdout } = await promisify(execFile)(path, [...args, '--mode', 'validate']);
  return stdout;
}

test('Envoy accepts the bootstrap and the arguments that a proxy has by default', async () => {
  assert.match(await validate(undefined), /OK/);
});

test('Envoy accepts them with every setting that has a part in them', async () => {
  const all = settings(
    {
      ipFamily: 'DualStack',
      concurrency: 2,
      extraArgs: ['--skip-deprecated-logs'],
      logging: { level: { default: 'info', upstream: 'debug' } },
      telemetry: {
        metrics: {
          prometheus: { compression: { type: 'Gzip' } },
          matches: [{ type: 'Prefix', value: 'cluster.' }, { type: 'RegularExpression', value: '^http\\..*' }, { type: 'Exact', value: 'x' }, { type: 'Suffix', value: 'y' }],
        },
      },
    },
    { envoyDeployment: { container: { resources: { limits: { memory: '1Gi' } } } } },
  );
  assert.match(await validate(all), /OK/);
});

test('Envoy accepts bootstraps that a user merged, patched and replaced', async () => {
  const merge: Changes = {
    type: 'Merge',
    value: 'admin:\n  access_log:\n  - name: file\n    typed_config:\n      "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog\n      path: /dev/null\nstaticResources:\n  clusters:\n  - name: extra\n    type: STATIC\n',
  };
  const patch: Changes = {
    type: 'JSONPatch',
    jsonPatches: [
      { op: 'add', path: '/stats_config/use_all_default_tags', value: true },
      { op: 'replace', jsonPath: "$.static_resources.clusters[?(@.name=='xds_cluster')]", path: '/connect_timeout', value: '3s' },
    ],
  };
  const replace: Changes = { type: 'Replace', value: 'admin:\n  address:\n    socket_address: { address: 127.0.0.1, port_value: 19000 }\n' };
  for (const bootstrap of [merge, patch, replace]) assert.match(await validate(settings({ bootstrap })), /OK/);
});

test('Envoy\'s heap has four fifths of the container\'s memory, where that has a limit', () => {
  const monitors = (memory: string | undefined): unknown => {
    const resources = memory === undefined ? {} : { limits: { memory } };
    const { envoy } = rendered({ settings: settings({}, { envoyDeployment: { container: { resources } } }) });
    const { resource_monitors } = bootstrapOf(envoy.args).overload_manager;
    return resource_monitors.find(({ name }) => name === 'envoy.resource_monitors.fixed_heap')?.typed_config['max_heap_size_bytes'];
  };
  assert.equal(monitors('1Gi'), String(Math.floor(2 ** 30 * 0.8)));
  assert.equal(monitors('500M'), '400000000');
  assert.equal(monitors(undefined), undefined);
});

test('the control plane is looked up as a name below the cluster\'s domain, and known by the name in its certificate', () => {
  const { envoy, get } = rendered();
  const { clusters } = bootstrapOf(envoy.args).static_resources;
  assert.match(JSON.stringify(clusters.at(-1)), /"address":"envoy-gateway\.moongate-system\.svc\.cluster\.local\.","port_value":18000/);
  assert.match(get('ConfigMap').data['xds-trusted-ca.json'] ?? '', /"exact":"envoy-gateway\.moongate-system\.svc"/);
  const outside = rendered({}, { ...environment, xds: { host: 'control.example.com', port: 1 } });
  assert.match(JSON.stringify(bootstrapOf(outside.envoy.args).static_resources.clusters.at(-1)), /"address":"control\.example\.com"/);
});

test('listeners of the proxy\'s own take IPv6 where it is wanted', () => {
  const addresses = (ipFamily: 'IPv4' | 'IPv6'): string[] =>
    bootstrapOf(rendered({ settings: settings({ ipFamily }) }).envoy.args).static_resources.listeners.map(({ address }) => `${address.socket_address.address} ${address.socket_address.port_value}`);
  assert.deepEqual(addresses('IPv4'), ['0.0.0.0 19001', '0.0.0.0 19003']);
  assert.deepEqual(addresses('IPv6'), [':: 19001', ':: 19003']);
});

const changed = (bootstrap: Changes): { readonly fault: string | undefined; readonly bootstrap: ReturnType<typeof bootstrapOf> } => {
  const { faults, envoy } = rendered({ settings: settings({ bootstrap }) });
  return { fault: faults[0], bootstrap: bootstrapOf(envoy.args) };
};

test('a merge joins lists, replaces values, and knows both spellings and fields that exclude each other', () => {
  const { bootstrap } = changed({ type: 'Merge', value: 'static_resources: { clusters: [{ name: more }] }\nadmin: { address: { pipe: { path: /a } } }\noverloadManager: { refreshInterval: 1s }' });
  assert.deepEqual(bootstrap.static_resources.clusters.map(({ name }) => name), ['prometheus_stats', 'more', 'xds_cluster']);
  assert.deepEqual(bootstrap['admin'], { address: { pipe: { path: '/a' } } });
  assert.equal((bootstrap['overload_manager'] as unknown as { refresh_interval: string }).refresh_interval, '1s');
});

test('what ties the proxy to its control plane may not be merged or patched', () => {
  assert.match(changed({ type: 'Merge', value: 'dynamic_resources: { ads_config: { api_type: GRPC } }' }).fault ?? '', /dynamic_resources may not be changed/);
  assert.match(changed({ type: 'JSONPatch', jsonPatches: [{ op: 'remove', path: '/static_resources/clusters/1' }] }).fault ?? '', /xds_cluster may not be removed/);
  const moved = [{ op: 'replace', path: '/static_resources/clusters/1/load_assignment/endpoints', value: [] }] as const;
  assert.match(changed({ type: 'JSONPatch', jsonPatches: moved }).fault ?? '', /load_assignment of the cluster xds_cluster/);
  const timeout = [{ op: 'replace', path: '/dynamic_resources/lds_config/initial_fetch_timeout', value: '5s' }] as const;
  assert.equal(changed({ type: 'JSONPatch', jsonPatches: timeout }).fault, undefined);
});

test('a bootstrap that was written for Envoy Gateway gets our control plane and readiness', () => {
  const value = `
admin: { address: { socket_address: { address: 127.0.0.1, port_value: 19000 } } }
dynamicResources: { ads_config: { api_type: DELTA_GRPC } }
static_resources:
  listeners: [{ name: mine, address: { socket_address: { address: 0.0.0.0, port_value: 19001 } } }]
  clusters:
  - name: xds_cluster
    connect_timeout: 7s
    load_assignment: { cluster_name: xds_cluster, endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: envoy-gateway, port_value: 18000 } } } }] }] }
  - name: mine
`;
  const { bootstrap, fault } = changed({ type: 'Replace', value });
  assert.equal(fault, undefined);
  const own = bootstrapOf(rendered().envoy.args);
  assert.deepEqual(bootstrap['dynamic_resources'], own['dynamic_resources']);
  assert.equal(bootstrap['dynamicResources'], undefined);
  assert.deepEqual(bootstrap.static_resources.clusters.map(({ name }) => name), ['mine', 'xds_cluster']);
  assert.deepEqual(bootstrap.static_resources.clusters[1], { ...own.static_resources.clusters[1], connect_timeout: '7s' });
  assert.deepEqual(bootstrap.static_resources.listeners.map(({ address }) => address.socket_address.port_value), [19_001, 19_003]);
});

test('a bad change is a fault with its reason, and the proxy keeps what it would have without it', () => {
  const broken = changed({ type: 'Merge', value: '{ a: ' });
  assert.match(broken.fault ?? '', /^spec\.bootstrap: /);
  assert.deepEqual(broken.bootstrap, bootstrapOf(rendered().envoy.args));
  assert.match(changed({ type: 'JSONPatch', jsonPatches: [{ op: 'remove', path: '/nowhere' }] }).fault ?? '', /operation 0 \(remove \/nowhere\): \/nowhere is not there/);
  assert.match(changed({ type: 'Replace' }).fault ?? '', /value is missing/);
});

test('the proxy\'s id is on the command line, for the control plane to know it by', () => {
  assert.ok(rendered().envoy.args.includes(wantedProxy().id));
});
