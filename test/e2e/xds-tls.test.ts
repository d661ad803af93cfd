import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { proxyIdentity } from '../../src/infra/kubernetes/certificates/identity.ts';
import { issueAuthority, issueLeaf, type KeyPair } from '../../src/infra/kubernetes/certificates/issue.ts';
import { silentLog } from '../../src/util/log.ts';
import { AdsServer } from '../../src/xds/server/ads-server.ts';
import { ResourceStore } from '../../src/xds/server/resources.ts';
import type { ServerTls } from '../../src/xds/server/secure-listener.ts';
import { cluster, endpoints, listener, routes } from '../feature/xds-resources.ts';
import { freePort, get, startEnvoy, until, type Envoy, type XdsUpstream } from './envoy.ts';

const PROXY = 'default/web';
const NAME = 'xds.test';
const validity = { now: Date.now(), days: 1 };

const store = new ResourceStore();
const warnings: object[] = [];
const upstreams: Server[] = [];
let directory = '';
let server: AdsServer;
let envoy: Envoy;
let xdsPort = 0;
let port = 0;
let first: KeyPair;
let second: KeyPair;

const clientPair = (by: KeyPair, proxy: string): Promise<KeyPair> => issueLeaf(by, { ...validity, uris: [proxyIdentity(proxy)], usage: 'client' });
const serverPair = (by: KeyPair): Promise<KeyPair> => issueLeaf(by, { ...validity, dnsNames: [NAME], usage: 'server' });
const serialOf = ({ cert }: KeyPair): string => new X509Certificate(cert).serialNumber.toLowerCase().replace(/^0+/, '');

async function startServer(tls: ServerTls, address = '127.0.0.1:0'): Promise<void> {
  const log = { ...silentLog, warn: (fields: object) => void warnings.push(fields) };
  server = new AdsServer({ store, log });
  xdsPort = await server.listenSecure(address, { tls, authorize: (identity, proxy) => identity === proxyIdentity(proxy) });
  server.open();
}

/** Puts files in place as a kubelet does with a Secret: all at once, by swapping a symbolic link in the mounted directory. */
async function mountSecret(mount: string, files: Readonly<Record<string, string>>): Promise<void> {
  const version = `..${performance.now()}`;
  await mkdir(join(mount, version), { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(mount, version, name), content);
  await symlink(version, join(mount, '..data_tmp'));
  await rename(join(mount, '..data_tmp'), join(mount, '..data'));
  for (const name of Object.keys(files)) await symlink(join('..data', name), join(mount, name)).catch(() => {});
}

const files = (ca: string, { cert, key }: KeyPair): Record<string, string> => ({ 'ca.crt': ca, 'tls.crt': cert, 'tls.key': key });

/** TLS with a certificate and authorities that Envoy reads from files, and reads again when the directory changes. */
async function secured(mount: string, dir: string): Promise<XdsUpstream> {
  const fileAt = (name: string): object => ({ filename: join(mount, name) });
  const watched = { watched_directory: { path: mount } };
  const sds = async (name: string, content: object): Promise<object> => {
    const path = join(dir, `${name}.json`);
    const type = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';
    await writeFile(path, JSON.stringify({ resources: [{ '@type': type, name, ...content }] }));
    return { name, sds_config: { path_config_source: { path }, resource_api_version: 'V3' } };
  };
  return {
    address: { socket_address: { address: '127.0.0.1', port_value: xdsPort } },
    transportSocket: {
      name: 'tls',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
        sni: NAME,
        common_tls_context: {
          tls_certificate_sds_secret_configs: [
            await sds('xds-certificate', { tls_certificate: { certificate_chain: fileAt('tls.crt'), private_key: fileAt('tls.key'), ...watched } }),
          ],
          combined_validation_context: {
            default_validation_context: { match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: NAME } }] },
            validation_context_sds_secret_config: await sds('xds-authorities', { validation_context: { trusted_ca: fileAt('ca.crt'), ...watched } }),
          },
        },
      },
    },
  };
}

async function backend(name: string): Promise<number> {
  const started = createServer((_, response) => response.end(name)).listen(0, '127.0.0.1');
  await once(started, 'listening');
  upstreams.push(started);
  const address = started.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

/** Sends traffic to a new backend of that name, and waits until it arrives there. */
async function reaches(name: string): Promise<void> {
  store.set(PROXY, 'EDS', endpoints('a', [await backend(name)]));
  store.commit();
  await until(`traffic reaches ${name}`, async () => (await get({ port })).body === name);
}

const certificates = (): Promise<string> => envoy.admin('/certs');

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'moongate-tls-'));
  first = await issueAuthority(validity);
  second = await issueAuthority(validity);
  port = await freePort();
  store.set(PROXY, 'CDS', cluster('a'));
  store.set(PROXY, 'LDS', listener('http', port, 'web'));
  store.set(PROXY, 'RDS', routes('web', [['*', 'a']]));
});

after(async () => {
  await envoy?.stop();
  await server?.close();
  for (const upstream of upstreams) upstream.close();
  await rm(directory, { recursive: true });
});

describe('Envoy and the xDS server over TLS', () => {
  const mount = (): string => join(directory, 'certs');

  it('get together when the certificate is of the proxy', async () => {
    await startServer({ ca: first.cert, ...(await serverPair(first)) });
    await mountSecret(mount(), files(first.cert, await clientPair(first, PROXY)));
    envoy = startEnvoy(directory, await secured(mount(), directory), PROXY);
    await reaches('one');
  });

  it('do not when the certificate is of another proxy', async () => {
    const dir = join(directory, 'impostor');
    await mountSecret(join(dir, 'certs'), files(first.cert, await clientPair(first, 'other/web')));
    const impostor = startEnvoy(dir, await secured(join(dir, 'certs'), dir), PROXY);
    try {
      await until('refused twice', () => warnings.length > 1);
      assert.match(JSON.stringify(warnings[0]), /"identity":"spiffe:\/\/moongate\/proxy\/other\/web","proxy":"default\/web"/);
      // Envoy comes back again and again, and takes itself for connected until it is refused.
      await until('it is not connected', async () => (await impostor.admin('/stats?filter=control_plane.connected_state')).includes('connected_state: 0'));
      await until('none of its streams is open', () => server.counters.streams === 1);
      assert.equal(await impostor.admin('/listeners'), '');
    } finally {
      await impostor.stop();
    }
  });

  it('stay connected while all certificates are replaced, and reconnect with the others', async () => {
    const both = `${first.cert}${second.cert}`;
    const [oldClient, newClient] = [await clientPair(first, PROXY), await clientPair(second, PROXY)];
    const newServer = await serverPair(second);
    const connects = server.counters.connects;

    server.updateTls({ ca: both, ...(await serverPair(first)) });
    await mountSecret(mount(), files(both, oldClient));
    await until('the renewed certificate is read', async () => (await certificates()).includes(serialOf(oldClient)));
    await until('the second authority is trusted', async () => (await certificates()).includes(serialOf(second)));
    server.updateTls({ ca: both, ...newServer });
    await mountSecret(mount(), files(both, newClient));
    await until('the certificate of the second authority is read', async () => (await certificates()).includes(serialOf(newClient)));
    server.updateTls({ ca: second.cert, ...newServer });
    await mountSecret(mount(), files(second.cert, newClient));
    await until('the first authority is forgotten', async () => !(await certificates()).includes(serialOf(first)));

    await reaches('two');
    assert.equal(server.counters.connects, connects, 'the stream is the one from before');

    await server.close();
    await startServer({ ca: second.cert, ...newServer }, `127.0.0.1:${xdsPort}`);
    await reaches('three');
    assert.equal(server.counters.streams, 1);
  });

  it('part when the authority is replaced without an overlap, until Envoy has the new one', async () => {
    await server.close();
    await startServer({ ca: first.cert, ...(await serverPair(first)) }, `127.0.0.1:${xdsPort}`);
    await until('a handshake fails', async () => !/ssl.fail_verify_error: 0$/m.test(await envoy.admin('/stats?filter=cluster.xds.ssl.fail_verify_error')));
    assert.equal((await get({ port })).body, 'three', 'Envoy goes on with what it has');
    await mountSecret(mount(), files(first.cert, await clientPair(first, PROXY)));
    await reaches('four');
  });
});
