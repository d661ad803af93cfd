import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KindName } from '../../../src/api/kinds.ts';
import { applyChanges } from '../../../src/app/control-plane.ts';
import { Core } from '../../../src/app/core.ts';
import { clusterSettings } from '../../../src/app/settings.ts';
import { decoded } from '../../../src/translate/testing.ts';
import { silentLog } from '../../../src/util/log.ts';
import { freePort, startEnvoy, until, type EnvoyOptions } from '../envoy.ts';
import { ask } from './client.ts';

/**
 * Objects of a cluster, as its API server hands them out, and real Envoys that do what they say: everything but what reads objects and
 * starts Envoys. There is a Gateway `web` whose listener takes every host; its route sends all to port 80 of the Service `app`.
 */
export interface CoreGateway {
  readonly core: Core;
  readonly port: number;
  /** Puts objects in, or others in their place, at once. */
  apply(...objects: readonly (readonly [kind: KindName, object: object])[]): void;
  /** Runs an Envoy, and `body` once there are answers. One at a time: they share the port. */
  withEnvoy(options: EnvoyOptions, body: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

const namespace = 'default';
const proxy = `${namespace}/web`;

export async function startCoreGateway(): Promise<CoreGateway> {
  const directory = await mkdtemp(join(tmpdir(), 'moongate-core-'));
  const socket = join(directory, 'xds.sock');
  const port = await freePort();
  const core = new Core({ settings: clusterSettings(), xds: {}, log: silentLog, remembered: [], onRejections() {}, onProgress() {} });
  await core.ads.listenOnSocket(socket);
  const gateway: CoreGateway = {
    core,
    port,
    apply: (...objects) =>
      core.update(() => {
        const resources = objects.map(([kind, object]) => decoded(kind, { ...object }));
        applyChanges(core.plane.resources, resources.map((resource) => ({ kind: resource.kind, key: resource.key, resource })));
      }),
    async withEnvoy(options, body) {
      const envoy = startEnvoy(directory, socket, proxy, options);
      try {
        await until('Envoy answers', async () => (await ask(port)).status === 200);
        await body();
      } finally {
        await envoy.stop();
      }
    },
    async close() {
      await core.ads.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
  core.update(() => core.plane.portBindings.set(`${proxy}/80`, { boundPort: port, clientPort: port }));
  gateway.apply(
    ['GatewayClass', { metadata: { name: 'c' }, spec: { controllerName: 'gateway.envoyproxy.io/gatewayclass-controller' } }],
    ['Gateway', { metadata: { name: 'web', namespace }, spec: { gatewayClassName: 'c', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] } }],
    ['HTTPRoute', { metadata: { name: 'r', namespace }, spec: { parentRefs: [{ name: 'web' }], rules: [{ backendRefs: [{ name: 'app', port: 80 }] }] } }],
  );
  core.open();
  return gateway;
}

/** A slice of the Service `app` with one server on loopback, which has a port of its own: in a slice an address has one. */
export function sliceOf(name: string, port: number, endpoint: object = {}): readonly [kind: KindName, object: object] {
  const metadata = { name, namespace, labels: { 'kubernetes.io/service-name': 'app' } };
  return ['EndpointSlice', { metadata, addressType: 'IPv4', ports: [{ port }], endpoints: [{ addresses: ['127.0.0.1'], ...endpoint }] }];
}

/** The Service `app`. */
export function serviceApp(spec: object = {}, annotations: object = {}): readonly [kind: KindName, object: object] {
  return ['Service', { metadata: { name: 'app', namespace, annotations }, spec: { ports: [{ port: 80 }], ...spec } }];
}
