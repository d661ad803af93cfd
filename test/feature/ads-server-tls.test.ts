import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, before, beforeEach, describe, it } from 'node:test';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { credentials, status } from '@grpc/grpc-js';
import { proxyIdentity } from '../../src/infra/kubernetes/certificates/identity.ts';
import { issueAuthority, issueLeaf, type KeyPair, type LeafOptions } from '../../src/infra/kubernetes/certificates/issue.ts';
import { silentLog } from '../../src/util/log.ts';
import { AdsServer } from '../../src/xds/server/ads-server.ts';
import { ResourceStore } from '../../src/xds/server/resources.ts';
import { DeltaClient } from './delta-client.ts';
import { until } from './until.ts';
import { cluster, endpoints } from './xds-resources.ts';

const DAY_MS = 86_400_000;
const NAME = 'xds.test';
const now = Date.now();
const validity = { now, days: 1 };

let authority: KeyPair;
let next: KeyPair;
let serverPair: KeyPair;
let store: ResourceStore;
let server: AdsServer;
let port = 0;
let clients: DeltaClient[] = [];
const warnings: { readonly message: string; readonly fields: object }[] = [];

const proxyPair = (by: KeyPair, id: string, options: Partial<LeafOptions> = {}): Promise<KeyPair> =>
  issueLeaf(by, { ...validity, uris: [proxyIdentity(id)], usage: 'client', ...options });
const serverLeaf = (by: KeyPair): Promise<KeyPair> => issueLeaf(by, { ...validity, dnsNames: [NAME], usage: 'server' });

function client(proxy: string, pair: KeyPair | undefined, trust = authority.cert): DeltaClient {
  const ssl = pair === undefined
    ? credentials.createSsl(Buffer.from(trust))
    : credentials.createSsl(Buffer.from(trust), Buffer.from(pair.key), Buffer.from(pair.cert));
  // A channel of its own: grpc-js shares connections between clients that look alike.
  const channel = { 'grpc.ssl_target_name_override': NAME, 'grpc.use_local_subchannel_pool': 1 };
  const made = new DeltaClient(`127.0.0.1:${port}`, { proxy, credentials: ssl, channel });
  clients.push(made);
  return made;
}

/** Connects without gRPC; resolves to why the connection ended, or undefined when the server let it in. */
async function handshake(options: ConnectionOptions): Promise<string | undefined> {
  const socket = connect({ port, host: '127.0.0.1', servername: NAME, ca: authority.cert, ALPNProtocols: ['h2'], ...options });
  try {
    return await new Promise<string | undefined>((resolve) => {
      socket.on('error', (error) => resolve(error.message));
      socket.on('close', () => resolve('closed'));
      // The first frame of HTTP/2, SETTINGS: the server has taken the connection.
      socket.on('data', () => resolve(undefined));
      socket.on('secureConnect', () => socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0'));
    });
  } finally {
    socket.destroy();
  }
}

const served = (one: DeltaClient): Promise<void> => until('served', () => one.state.EDS.has('a'));
const fill = (proxy: string, ports: readonly number[]): void => {
  store.set(proxy, 'CDS', cluster('a'));
  store.set(proxy, 'EDS', endpoints('a', ports));
  store.commit();
};

before(async () => {
  [authority, next] = await Promise.all([issueAuthority(validity), issueAuthority(validity)]);
  serverPair = await serverLeaf(authority);
});

beforeEach(async () => {
  warnings.length = 0;
  store = new ResourceStore();
  const log = { ...silentLog, warn: (fields: object, message: string) => void warnings.push({ message, fields }) };
  server = new AdsServer({ store, log, maxStreams: 3 });
  port = await server.listenSecure('127.0.0.1:0', {
    tls: { ca: authority.cert, ...serverPair },
    authorize: (identity, proxy) => identity === proxyIdentity(proxy),
  });
  server.open();
  fill('a/one', [1]);
});

afterEach(async () => {
  for (const open of clients) open.close();
  clients = [];
  await server.close();
});

describe('the ADS server over TLS', () => {
  it('serves an Envoy whose certificate is of its proxy', async () => {
    await served(client('a/one', await proxyPair(authority, 'a/one')));
    fill('class', [1]);
    await served(client('class', await proxyPair(authority, 'class')));
  });

  it('refuses the certificate of another proxy, and says which two they are', async () => {
    const impostor = client('a/one', await proxyPair(authority, 'b/one'));
    await until('refused', () => impostor.ended !== undefined);
    assert.equal(impostor.ended, status.PERMISSION_DENIED);
    assert.match(impostor.reason, /the certificate is of spiffe:\/\/moongate\/proxy\/b\/one, not of the proxy a\/one/);
    assert.deepEqual(impostor.log, []);
    const { peer, ...fields } = { peer: '', ...warnings[0]?.fields };
    assert.match(peer, /^127\.0\.0\.1:\d+$/);
    assert.deepEqual(fields, { identity: 'spiffe://moongate/proxy/b/one', proxy: 'a/one', node: 'a/one-0' });
    assert.equal(server.counters.streams, 0);
  });

  it('refuses a certificate that has two names, whatever they are', async () => {
    for (const names of [{ uris: [proxyIdentity('b/one'), proxyIdentity('a/one')] }, { dnsNames: ['a'] }]) {
      const refused = client('a/one', await proxyPair(authority, 'a/one', names));
      await until('refused', () => refused.ended !== undefined);
      assert.equal(refused.ended, status.PERMISSION_DENIED);
      assert.match(refused.reason, /the certificate is of nobody/);
    }
  });

  it('ends the handshake of a client without a certificate that is good for this', async () => {
    const refusals: readonly [reason: RegExp, pair: Partial<KeyPair>][] = [
      [/peer did not return a certificate/i, {}],
      [/UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT/, await proxyPair(next, 'a/one')],
      [/CERT_HAS_EXPIRED/, await proxyPair(authority, 'a/one', { now: now - 2 * DAY_MS })],
      [/INVALID_PURPOSE/, await issueLeaf(authority, { ...validity, uris: [proxyIdentity('a/one')], usage: 'server' })],
    ];
    let clock = 0;
    for (const [reason, pair] of refusals) {
      await server.close();
      const log = { ...silentLog, warn: (fields: object, message: string) => void warnings.push({ message, fields }) };
      server = new AdsServer({ store, log, clock: () => (clock += 10_000) });
      port = await server.listenSecure('127.0.0.1:0', { tls: { ca: authority.cert, ...serverPair }, authorize: () => true });
      warnings.length = 0;
      assert.notEqual(await handshake(pair), undefined);
      await until('logged', () => warnings.length > 0);
      assert.match(JSON.stringify(warnings[0]), reason);
    }
  });

  it('speaks HTTP/2 over TLS 1.2 and 1.3 only', async () => {
    const pair = await proxyPair(authority, 'a/one');
    assert.equal(await handshake({ ...pair, maxVersion: 'TLSv1.2' }), undefined);
    assert.equal(await handshake({ ...pair, minVersion: 'TLSv1.3' }), undefined);
    assert.match(String(await handshake({ ...pair, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })), /version/i);
    assert.match(String(await handshake({ ...pair, ALPNProtocols: ['http/1.1'] })), /application protocol/i);
    assert.equal(await handshake({ ...pair, ALPNProtocols: [] }), 'closed');
  });

  it('takes other certificates and authorities without ending a stream', async () => {
    const old = client('a/one', await proxyPair(authority, 'a/one'));
    await served(old);
    const renewed = await serverLeaf(next);
    server.updateTls({ ca: `${next.cert}${authority.cert}`, ...renewed });
    await served(client('a/one', await proxyPair(next, 'a/one'), next.cert));
    assert.equal(await handshake({ ...(await proxyPair(authority, 'a/one')), ca: next.cert }), undefined);

    server.updateTls({ ca: next.cert, ...renewed });
    assert.notEqual(await handshake({ ...(await proxyPair(authority, 'a/one')), ca: next.cert }), undefined);
    fill('a/one', [1, 2]);
    const version = store.get('a/one', 'EDS', 'a')?.version;
    await until('the first stream hears of a change', () => old.state.EDS.get('a')?.version === version);
    assert.equal(old.ended, undefined);
  });

  it('does not resume a session whose authority it believes no longer', async () => {
    const pair = await proxyPair(authority, 'a/one');
    let session: Buffer | undefined;
    const resumed = async (options: ConnectionOptions): Promise<boolean | string> => {
      const socket: TLSSocket = connect({ port, host: '127.0.0.1', servername: NAME, ...pair, ALPNProtocols: ['h2'], ...options });
      let ended = '';
      socket.on('error', (error) => (ended = error.message));
      socket.on('close', () => (ended ||= 'closed'));
      socket.on('session', (ticket) => (session = ticket));
      let data = false;
      socket.on('data', () => (data = true));
      socket.on('secureConnect', () => socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0'));
      await until('an answer', () => ended !== '' || data);
      const answer = data ? socket.isSessionReused() : ended;
      socket.destroy();
      return answer;
    };
    assert.equal(await resumed({ ca: authority.cert, maxVersion: 'TLSv1.2' }), false);
    assert.equal(await resumed({ ca: authority.cert, maxVersion: 'TLSv1.2', session }), true);
    server.updateTls({ ca: next.cert, ...(await serverLeaf(next)) });
    const answer = await resumed({ ca: next.cert, maxVersion: 'TLSv1.2', session });
    assert.equal(typeof answer, 'string', 'the connection ended');
  });

  it('keeps what it has when an update cannot be used, and never says the key', async () => {
    const pair = await proxyPair(authority, 'a/one');
    const stranger = await serverLeaf(authority);
    const secret = stranger.key.split('\n')[1] ?? '';
    assert.ok(secret.length > 20);
    const cannot = (tls: Parameters<AdsServer['updateTls']>[0], reason: RegExp): void =>
      assert.throws(() => server.updateTls(tls), (error: Error) => {
        assert.match(error.message, reason);
        assert.ok(!`${error.stack}${JSON.stringify(error)}${String(error.cause)}`.includes(secret));
        return true;
      });
    cannot({ ca: authority.cert, cert: serverPair.cert, key: stranger.key }, /mismatch/);
    cannot({ ca: authority.cert, cert: 'nonsense', key: stranger.key }, /cannot be used/);
    cannot({ ca: authority.cert, cert: stranger.cert, key: `${stranger.key.slice(0, 90)}\n-----END PRIVATE KEY-----\n` }, /cannot be used/);
    cannot({ ca: '', ...stranger }, /no authority/);
    await served(client('a/one', pair));
  });

  it('does not listen with a key that is not of the certificate', async () => {
    const bad = new AdsServer({ store, log: silentLog });
    const tls = { ca: authority.cert, cert: serverPair.cert, key: (await serverLeaf(authority)).key };
    await assert.rejects(bad.listenSecure('127.0.0.1:0', { tls, authorize: () => true }), /mismatch/);
    await assert.rejects(bad.listenSecure('127.0.0.1', { tls: { ...tls, ...serverPair }, authorize: () => true }), /not host:port/);
    await assert.rejects(bad.listenSecure(`127.0.0.1:${port}`, { tls: { ...tls, ...serverPair }, authorize: () => true }), /EADDRINUSE/);
    assert.throws(() => bad.updateTls({ ...tls, ...serverPair }), /does not listen with TLS/);
    await bad.close();
  });

  it('closes connections beyond its limit, and all of them when it closes', async () => {
    const sockets = Array.from({ length: 6 }, () => connectTcp({ port, host: '127.0.0.1' }));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    assert.equal(await handshake(await proxyPair(authority, 'a/one')).then((reason) => typeof reason), 'string');
    assert.match(JSON.stringify(warnings), /too many connections/);
    const ends = sockets.map((socket) => once(socket.resume(), 'close'));
    await server.close();
    await Promise.all(ends);
  });

  it('serves its unix socket without TLS beside it', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'moongate-ads-'));
    try {
      await server.listenOnSocket(join(directory, 'xds.sock'));
      const local = new DeltaClient(`unix:${join(directory, 'xds.sock')}`, { proxy: 'a/one' });
      clients.push(local);
      await served(local);
      await served(client('a/one', await proxyPair(authority, 'a/one')));
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
