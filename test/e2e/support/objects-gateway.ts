import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KindName } from '../../../src/api/kinds.ts';
import { applyChanges, type ResourceChange } from '../../../src/app/control-plane.ts';
import { Core } from '../../../src/app/core.ts';
import { fileSettings } from '../../../src/app/settings.ts';
import { decoded } from '../../../src/translate/testing.ts';
import { silentLog } from '../../../src/util/log.ts';
import { startEnvoy } from '../envoy.ts';

/** An object without apiVersion, with its kind. */
export type GivenObject = readonly [kind: KindName, object: object];

/** A real Envoy for the Gateway `default/gw`, whose ports are bound as they are, and the objects that it does the will of. */
export interface ObjectsGateway {
  readonly core: Core;
  apply(...objects: readonly GivenObject[]): void;
  remove(kind: KindName, key: string): void;
  close(): Promise<void>;
}

export async function startObjectsGateway(...objects: readonly GivenObject[]): Promise<ObjectsGateway> {
  const directory = await mkdtemp(join(tmpdir(), 'moongate-objects-'));
  const socket = join(directory, 'xds.sock');
  const core = new Core({ settings: fileSettings(), xds: {}, log: silentLog, remembered: [], onRejections() {}, onProgress() {} });
  await core.ads.listenOnSocket(socket);
  const write = (changes: readonly ResourceChange[]): void => {
    core.update(() => applyChanges(core.plane.resources, changes));
    core.update(() => {
      for (const [key, { port }] of core.plane.outputs.wantedPorts.entries()) core.plane.portBindings.set(key, { boundPort: port, clientPort: port });
    });
  };
  const apply = (...given: readonly GivenObject[]): void => {
    write(given.map(([kind, object]) => decoded(kind, { ...object })).map((resource) => ({ kind: resource.kind, key: resource.key, resource })));
  };
  apply(['GatewayClass', { metadata: { name: 'c' }, spec: { controllerName: 'gateway.envoyproxy.io/gatewayclass-controller' } }], ...objects);
  core.open();
  const envoy = startEnvoy(directory, socket, 'default/gw');
  return {
    core,
    apply,
    remove: (kind, key) => write([{ kind, key, resource: undefined }]),
    async close() {
      await core.ads.close();
      await envoy.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A Service in a namespace with one server on loopback. */
export function served(name: string, port: number, { namespace = 'default', protocol = 'TCP' }: { readonly namespace?: string; readonly protocol?: 'TCP' | 'UDP' } = {}): GivenObject[] {
  const metadata = { name, namespace };
  return [
    ['Service', { metadata, spec: { ports: [{ port: 80, protocol }] } }],
    ['EndpointSlice', { metadata: { ...metadata, labels: { 'kubernetes.io/service-name': name } }, addressType: 'IPv4', ports: [{ port, protocol }], endpoints: [{ addresses: ['127.0.0.1'] }] }],
  ];
}

/** A Secret of type kubernetes.io/tls. */
export function secretOf(name: string, { chain, privateKey }: { readonly chain: string; readonly privateKey: string }, namespace = 'default'): GivenObject {
  return ['Secret', { metadata: { name, namespace }, type: 'kubernetes.io/tls', stringData: { 'tls.crt': chain, 'tls.key': privateKey } }];
}
