/**
 * The floor: the least that any control plane has to do. A delta ADS server that has all bytes ready, and on a word from
 * its parent pushes the one resource that is different, with nothing else to do. It runs an Envoy as the real one does.
 *
 *     node floor.ts DIRECTORY STATE_DIRECTORY PORT SHARDS CHANGED_YAML_FILE ENVOY
 *
 * SHARDS: how many route configurations the routes are cut into, 0 for what the size asks for.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ServerCredentials } from '@grpc/grpc-js';
import { parseAllDocuments } from 'yaml';
import { decode } from '../src/api/decode.ts';
import type { KindName } from '../src/api/kinds.ts';
import { applyChanges, controlPlane, type ResourceChange } from '../src/app/control-plane.ts';
import { bootstrap } from '../src/infra/host/bootstrap.ts';
import { commandLine } from '../src/infra/host/command-line.ts';
import type { ShardCount } from '../src/xds/resources/shards.ts';
import type { AdsCall } from '../src/xds/server/ads-stream.ts';
import { grpcServer } from '../src/xds/server/grpc-service.ts';
import type { XdsResource } from '../src/xds/server/resources.ts';
import { PUSH_ORDER, typeOf, WILDCARD_TYPES, type XdsType } from '../src/xds/server/types.ts';
import { decodeRequest, encodeResponse } from '../src/xds/server/wire.ts';
import { now } from './propagation/clock.ts';
import { controllerName, firstVersion, proxyId } from './propagation/world.ts';

/** What the floor tells its parent: that its Envoy was started, and when it is about to hand a push to gRPC. */
export type FloorMessage = { readonly envoyPid: number } | { readonly pushedAt: number };

const [directory = '', state = '', port = '', shards = '', changedFile = '', envoy = ''] = process.argv.slice(2);

interface Prepared {
  /** By kind and name, with the first version of the changed route. */
  readonly resources: ReadonlyMap<XdsType, ReadonlyMap<string, XdsResource>>;
  /** The route configuration that has the changed route, by version of the route. */
  readonly versions: ReadonlyMap<string, XdsResource>;
}

function changesIn(file: string): ResourceChange[] {
  return parseAllDocuments(readFileSync(file, 'utf8')).map((document) => {
    const { resource, problems } = decode(document.toJS(), { file, line: 1 });
    if (resource === undefined) throw new Error(`${file}: ${problems.map(({ message }) => message).join('; ')}`);
    return { kind: resource.kind as KindName, key: resource.key, resource };
  });
}

/** Makes the very bytes that the real control plane would send. */
function prepare(): Prepared {
  const forced = shards === '0' ? {} : { shards: Number(shards) as ShardCount };
  const plane = controlPlane({ settings: { controllerNames: [controllerName], ownsEverything: true, addresses: 'bound' }, xds: forced });
  for (const file of readdirSync(directory).filter((name) => name.endsWith('.yaml'))) applyChanges(plane.resources, changesIn(join(directory, file)));
  plane.settle();
  for (const [key] of plane.outputs.wantedPorts.entries()) plane.portBindings.set(key, { boundPort: Number(port), clientPort: Number(port) });
  plane.settle();
  const resources = new Map(PUSH_ORDER.map((type) => [type, new Map<string, XdsResource>()]));
  for (const { type, resource } of plane.xds.values()) resources.get(type)?.set(resource.name, resource);
  const versions = new Map<string, XdsResource>();
  plane.xds.subscribe((changes) => {
    if (changes.size !== 1) throw new Error(`one route changed ${changes.size} resources`);
    for (const { before, after } of changes.values()) {
      if (before !== undefined) versions.set(firstVersion, before.resource);
      if (after !== undefined) versions.set('v1', after.resource);
    }
  });
  applyChanges(plane.resources, changesIn(changedFile));
  plane.settle();
  return { resources, versions };
}

const { resources, versions } = prepare();
// The computation is not needed any more: its garbage must not get in the way of a push.
globalThis.gc?.();

let call: AdsCall | undefined;
let nonce = 0;

function send(type: XdsType, list: readonly XdsResource[]): void {
  call?.write(encodeResponse({ type, nonce: String(++nonce), resources: list, removed: [] }));
}

function received(bytes: Buffer): void {
  const { typeUrl, subscribe, nonce: answered, error } = decodeRequest(bytes);
  const type = typeOf(typeUrl);
  if (error !== undefined) throw new Error(`Envoy refused ${typeUrl}: ${error}`);
  if (type === undefined) return;
  const all = resources.get(type);
  if (WILDCARD_TYPES.has(type) && answered === '') send(type, [...(all?.values() ?? [])]);
  else if (subscribe.length > 0) send(type, subscribe.flatMap((name) => all?.get(name) ?? []));
}

const server = grpcServer((stream) => {
  call = stream;
  stream.on('data', received);
  stream.on('end', () => stream.end());
  stream.on('error', () => {});
});
mkdirSync(state);
const socket = join(state, 'xds.sock');
await new Promise<void>((resolve, reject) => {
  server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) => (error === null ? resolve() : reject(error)));
});

const bootstrapPath = join(state, 'bootstrap.json');
writeFileSync(bootstrapPath, JSON.stringify(bootstrap({ id: proxyId, xdsSocket: socket, adminSocket: join(state, 'admin.sock') })));
const args = commandLine({ bootstrapPath, logPath: join(state, 'envoy.log'), concurrency: 1, logLevel: 'warning', drainSeconds: 1 });
const proxy = spawn(envoy, args, { stdio: 'ignore' });
proxy.on('error', (error) => end(error));
proxy.on('exit', (code) => end(new Error(`Envoy ended with ${code}`)));

function end(error?: Error): never {
  if (error !== undefined) console.error(error.message);
  proxy.removeAllListeners('exit');
  proxy.kill('SIGKILL');
  process.exit(error === undefined ? 0 : 1);
}

const tell = (message: FloorMessage): void => void process.send?.(message);
process.on('disconnect', () => end());
process.on('SIGTERM', () => end());
process.on('SIGINT', () => end());
process.on('message', (version: string) => {
  const resource = versions.get(version);
  if (resource === undefined) throw new Error(`no version ${version}`);
  const pushedAt = now();
  send('RDS', [resource]);
  tell({ pushedAt });
});
if (proxy.pid !== undefined) tell({ envoyPid: proxy.pid });
