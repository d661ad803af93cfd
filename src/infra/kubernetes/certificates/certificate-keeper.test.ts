import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { KubeClient } from '../../../kube/client.ts';
import { isNotFound } from '../../../kube/kube-error.ts';
import { FakeApiServer, Refusal } from '../../../kube/testing.ts';
import { systemTiming, type Timing } from '../../../kube/timing.ts';
import { createObject, deleteObject, getObject, mergePatch } from '../../../kube/verbs.ts';
import { SECRETS } from '../../../kube/well-known.ts';
import type { Log } from '../../../util/log.ts';
import { until } from '../../host/testing.ts';
import { authoritySecret, ROTATE_ANNOTATION } from './authority-secret.ts';
import { CertificateKeeper, type CertificateKeeperOptions, type ServerCertificate } from './certificate-keeper.ts';
import { certificatesIn } from './pem.ts';
import type { ProxyCertificate } from './proxy-secret.ts';
import { firstAuthorities } from './rotation.ts';
import { tlsSecret, valueOf, type Secret } from './secret.ts';

const DAY_MS = 86_400_000;
const SETTLE_MS = 600_000;
const namespace = 'system';
const ca = { namespace, name: 'moongate-ca' };
const web: ProxyCertificate = { id: 'default/web', namespace, name: 'envoy-web-xds', labels: { app: 'web' } };
const api: ProxyCertificate = { id: 'default/api', namespace, name: 'envoy-api-xds' };

let server: FakeApiServer;
let client: KubeClient;
let clock: ManualClock;
let keepers: CertificateKeeper[] = [];
let logged: { readonly level: string; readonly message: string; readonly fields: object }[] = [];

/** A calendar that is turned by hand. Waits of up to a minute, as before another attempt, are real; long ones end when it was turned far enough. */
class ManualClock {
  #now = Date.now();
  readonly #sleepers = new Set<() => void>();

  /** How many wait for the calendar: a keeper does when it has nothing to do. */
  get waiting(): number {
    return this.#sleepers.size;
  }

  readonly now = (): number => this.#now;

  turn(ms: number): void {
    this.#now += ms;
    for (const wake of this.#sleepers) wake();
  }

  readonly timing: Timing = {
    ...systemTiming,
    sleep: (ms, signal) => {
      if (ms <= 60_000) return systemTiming.sleep(ms, signal);
      const end = this.#now + ms;
      return new Promise((resolve) => {
        const done = (): void => {
          if (this.#now < end && !signal.aborted) return;
          this.#sleepers.delete(done);
          resolve();
        };
        this.#sleepers.add(done);
        signal.addEventListener('abort', done, { once: true });
        done();
      });
    },
  };
}

const recorder: Log = Object.fromEntries(
  ['debug', 'info', 'warn', 'error'].map((level) => [level, (fields: object, message: string) => void logged.push({ level, message, fields })]),
) as unknown as Log;

function keeper(options: Partial<CertificateKeeperOptions> = {}): { readonly keeper: CertificateKeeper; readonly tls: ServerCertificate[] } {
  const tls: ServerCertificate[] = [];
  const made = new CertificateKeeper({
    client,
    namespace,
    serverNames: ['xds', 'xds.system.svc'],
    proxyNamespaces: [namespace],
    onServerTls: (each) => tls.push(each),
    log: recorder,
    settleMs: SETTLE_MS,
    now: clock.now,
    timing: clock.timing,
    ...options,
  });
  keepers.push(made);
  made.start();
  return { keeper: made, tls };
}

function writer(wanted: readonly ProxyCertificate[], options: Partial<CertificateKeeperOptions> = {}): ReturnType<typeof keeper> {
  const made = keeper(options);
  made.keeper.want(wanted);
  made.keeper.setWriting(true);
  return made;
}

const read = (name: { readonly namespace: string; readonly name: string }): Promise<Secret | undefined> =>
  getObject(client, SECRETS, name).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });

async function present(name: { readonly namespace: string; readonly name: string }, what = 'is there', holds: (secret: Secret) => boolean = () => true): Promise<Secret> {
  let found: Secret | undefined;
  await until(`${name.name} ${what}`, async () => {
    found = await read(name);
    return found !== undefined && holds(found);
  });
  assert.ok(found !== undefined);
  return found;
}

const trusts = (count: number) => (secret: Secret): boolean => certificatesIn(valueOf(secret, 'ca.crt')).length === count;
const isOf = (leaf: string, authority: string): boolean => new X509Certificate(leaf).verify(new X509Certificate(authority).publicKey);
const isTrusted = (leaf: string, bundle: string): boolean => certificatesIn(bundle).some((each) => isOf(leaf, each));
const merge = (name: { readonly namespace: string; readonly name: string }, patch: object): Promise<unknown> => mergePatch(client, SECRETS, name, patch);
const idle = (): Promise<void> => until('every keeper has nothing to do', () => clock.waiting === keepers.length);
/** What keepers wrote; the tests patch and delete only. */
const writes = (): string[] => server.requests.filter(({ method }) => method === 'POST' || method === 'PUT').map(({ method, path }) => `${method} ${path.slice(path.lastIndexOf('/') + 1)}`);
const warnings = (): string => JSON.stringify(logged.filter(({ level }) => level === 'warn' || level === 'error'));

beforeEach(async () => {
  logged = [];
  clock = new ManualClock();
  server = await FakeApiServer.start({ after: () => {} });
  client = server.client();
});

afterEach(async () => {
  await Promise.all(keepers.map((each) => each.stop()));
  keepers = [];
  client.close();
  await server.down();
});

describe('the keeper of certificates', () => {
  it('makes an authority if it may write, and each replica a server certificate of its own', async () => {
    const other = keeper();
    const first = writer([]);
    await until('both have one', () => first.tls.length > 0 && other.tls.length > 0);
    const secret = await present(ca);
    assert.equal(secret.type, 'kubernetes.io/tls');
    for (const [tls] of [first.tls, other.tls]) {
      assert.ok(tls !== undefined);
      assert.equal(new X509Certificate(tls.cert).subjectAltName, 'DNS:xds, DNS:xds.system.svc');
      assert.ok(isOf(tls.cert, valueOf(secret, 'tls.crt')));
      assert.equal(tls.ca, valueOf(secret, 'ca.crt'));
    }
    assert.notEqual(first.tls[0]?.key, other.tls[0]?.key);
  });

  it('agrees on one authority when two begin at once', async () => {
    const both = [writer([]), writer([])];
    await until('both have one', () => both.every(({ tls }) => tls.length > 0));
    const secret = await present(ca);
    for (const { tls } of both) assert.equal(tls.at(-1)?.ca, valueOf(secret, 'ca.crt'));
  });

  it('gives each proxy a Secret, and takes it away when nobody wants it', async () => {
    const { keeper } = writer([web, api]);
    const secret = await present(web);
    assert.equal(new X509Certificate(valueOf(secret, 'tls.crt')).subjectAltName, 'URI:spiffe://moongate/proxy/default/web');
    assert.ok(isOf(valueOf(secret, 'tls.crt'), valueOf(await present(ca), 'tls.crt')));
    assert.deepEqual(secret.metadata.labels, { app: 'web', 'moongate.dev/instance': 'system', 'moongate.dev/certificate': 'proxy' });
    await present(api);
    keeper.want([web]);
    await until('the other one is gone', async () => (await read(api)) === undefined);
    assert.deepEqual(await present(web), secret);
  });

  it('writes nothing before it is told which proxies there are, and nothing when it may not', async () => {
    const labels = { 'moongate.dev/instance': 'system' };
    const stale = await createObject(client, SECRETS, tlsSecret({ namespace, name: api.name, labels }, 'proxy', { 'tls.crt': '', 'tls.key': '' }));
    const { keeper: one, tls } = keeper();
    one.setWriting(true);
    await until('it has a certificate', () => tls.length > 0);
    await idle();
    assert.deepEqual(await read(api), stale);
    one.setWriting(false);
    one.want([web]);
    await idle();
    assert.equal(await read(web), undefined);
    assert.deepEqual(await read(api), stale);
    one.setWriting(true);
    await present(web);
    await until('what nobody wants is gone', async () => (await read(api)) === undefined);
  });

  it('repairs what somebody changed or deleted, and writes nothing else', async () => {
    const { keeper } = writer([web, api]);
    const before = [await present(web), await present(api)];
    await deleteObject(client, SECRETS, web);
    const again = await present(web);
    assert.notEqual(again.metadata.uid, before[0]?.metadata.uid);
    await merge(web, { data: { 'tls.key': Buffer.from('nonsense').toString('base64') }, metadata: { labels: { app: 'other' } } });
    await present(web, 'is repaired', (secret) => valueOf(secret, 'tls.key').includes('PRIVATE KEY') && secret.metadata.labels?.['app'] === 'web');
    keeper.want([api, web]);
    await idle();
    assert.deepEqual(await present(api), before[1]);
    assert.deepEqual(writes().sort(), ['POST secrets', 'POST secrets', 'POST secrets', 'POST secrets', 'PUT envoy-web-xds']);
  });

  it('keeps trying while the API server is away or refuses, and goes on serving', async () => {
    const { keeper: one, tls } = writer([web]);
    await present(web);
    await idle();
    await server.down();
    one.want([web, api]);
    clock.turn(61 * DAY_MS);
    await until('the server has a new certificate all the same', () => tls.length > 1);
    await until('it says what it cannot do', () => warnings().includes("a proxy's Secret cannot be written"));
    let conflicts = 0;
    server.intercept = ({ method }) => (method === 'PUT' && conflicts++ < 2 ? new Refusal(409, 'Conflict', 'somebody else was faster') : undefined);
    await server.up();
    await present(api);
    await until('the old one is renewed', () => conflicts > 2);
    await idle();
  });

  it('writes what it may when it may not write everything', async () => {
    const far: ProxyCertificate = { ...api, namespace: 'far' };
    server.intercept = ({ method, path }) => (method === 'POST' && path.includes('/far/') ? new Refusal(403, 'Forbidden', 'RBAC says no') : undefined);
    writer([far, web], { proxyNamespaces: 'all' });
    await present(web);
    await until('it says which not', () => /"secret":"far\/envoy-api-xds".*RBAC says no/.test(warnings()));
    server.intercept = () => undefined;
    await present(far);
  });

  it('writes a few Secrets at a time, and gives up what is under way when it may write no longer', async () => {
    let inFlight = 0;
    const held = Promise.withResolvers<void>();
    server.gate = ({ method }) => {
      if (method !== 'POST' || inFlight++ === 0) return undefined;
      return held.promise;
    };
    const many = Array.from({ length: 40 }, (_, index) => ({ id: `many/${index}`, namespace, name: `many-${index}` }));
    const { keeper: one } = writer(many);
    await until('requests are held', () => inFlight > 8);
    const before = inFlight;
    one.setWriting(false);
    await idle();
    assert.equal(inFlight, before);
    assert.equal(before, 9, 'the authority, and eight at a time');
    assert.equal(warnings(), '[]');
    held.resolve();
    server.gate = () => undefined;
    one.setWriting(true);
    await Promise.all(many.map((each) => present(each)));
  });

  it('renews certificates when two thirds of their life are over', async () => {
    const { tls } = writer([web]);
    const before = await present(web);
    await until('it has a certificate', () => tls.length > 0);
    clock.turn(59 * DAY_MS);
    clock.turn(2 * DAY_MS);
    await present(web, 'is renewed', (secret) => valueOf(secret, 'tls.crt') !== valueOf(before, 'tls.crt'));
    await until('the server has another', () => tls.length > 1);
    assert.equal(tls.length, 2);
    assert.equal(tls[1]?.ca, tls[0]?.ca);
  });

  it('replaces the authority in steps, so that everybody trusts everybody all the time', async () => {
    const { tls } = writer([web]);
    const replica = keeper();
    const secrets = [await present(web)];
    const old = valueOf(await present(ca), 'tls.crt');
    await until('the replica has a certificate', () => replica.tls.length > 0);

    await merge(ca, { metadata: { annotations: { [ROTATE_ANNOTATION]: 'please' } } });
    secrets.push(await present(web, 'trusts both', trusts(2)));
    assert.ok(isOf(valueOf(secrets[1] ?? {} as Secret, 'tls.crt'), old), 'the old one signs');
    clock.turn(SETTLE_MS);
    const current = await present(ca, 'signs with the next one', (secret) => valueOf(secret, 'tls.crt') !== old);
    assert.equal(current.metadata.annotations?.[ROTATE_ANNOTATION], undefined);
    secrets.push(await present(web, 'is of the next one', (secret) => isOf(valueOf(secret, 'tls.crt'), valueOf(current, 'tls.crt'))));
    await until('the rotation waits', () => logged.filter(({ message }) => message.includes('rotation')).length === 2);
    clock.turn(SETTLE_MS);
    secrets.push(await present(web, 'trusts the next one only', trusts(1)));
    await until('all servers, too', () => [tls, replica.tls].every((each) => certificatesIn(each.at(-1)?.ca ?? '').length === 1));

    for (const servers of [tls, replica.tls]) {
      assert.equal(servers.length, 4);
      for (const [step, proxy] of secrets.entries()) {
        // Somebody may be one step behind or ahead.
        for (const near of servers.slice(Math.max(0, step - 1), step + 2)) {
          assert.ok(isTrusted(near.cert, valueOf(proxy, 'ca.crt')), `a proxy of step ${step} trusts the server`);
          assert.ok(isTrusted(valueOf(proxy, 'tls.crt'), near.ca), `the server trusts a proxy of step ${step}`);
        }
      }
    }
  });

  it('begins to replace the authority when its Secret is deleted, and loses nobody by that', async () => {
    const { tls } = writer([web]);
    await present(web);
    const before = await present(ca);
    await deleteObject(client, SECRETS, ca);
    const after = await present(ca);
    assert.equal(valueOf(after, 'tls.crt'), valueOf(before, 'tls.crt'));
    assert.notEqual(valueOf(after, 'next.crt'), '');
    await present(web, 'trusts both', trusts(2));
    await until('the server trusts both', () => certificatesIn(tls.at(-1)?.ca ?? '').length === 2);
  });

  it('uses an authority that somebody else made, and leaves its Secret alone', async () => {
    const theirs = authoritySecret(ca, await firstAuthorities({ now: clock.now() }));
    const given = await createObject(client, SECRETS, { ...theirs, metadata: { ...ca, annotations: { [ROTATE_ANNOTATION]: '' } } });
    const { tls } = writer([web]);
    const secret = await present(web);
    assert.ok(isOf(valueOf(secret, 'tls.crt'), valueOf(theirs, 'tls.crt')));
    await until('the server has one', () => tls.length > 0);
    assert.deepEqual(await read(ca), given);
    await deleteObject(client, SECRETS, ca);
    await deleteObject(client, SECRETS, web);
    await present(web);
    assert.equal(await read(ca), undefined);
  });

  it('goes on with what it has when the Secret of the authorities cannot be read', async () => {
    writer([web]);
    await present(web);
    await merge(ca, { data: { 'tls.key': Buffer.from('-----BEGIN PRIVATE KEY-----\nsecret').toString('base64') } });
    await until('it says so', () => warnings().includes('the private key is not valid PEM'));
    await deleteObject(client, SECRETS, web);
    await present(web);
    assert.doesNotMatch(warnings(), /secret"/);
  });

  it('does not overwrite a Secret that is not its own, and says so once', async () => {
    const theirs = await createObject(client, SECRETS, { metadata: { namespace: web.namespace, name: web.name }, type: 'Opaque', data: {} });
    const { keeper } = writer([web, api]);
    await present(api);
    await until('it says so', () => warnings().includes('there is a Secret of this name that is not ours'));
    keeper.want([web, api]);
    await deleteObject(client, SECRETS, api);
    await present(api);
    assert.deepEqual(await read(web), theirs);
    assert.equal(logged.filter(({ level }) => level === 'warn').length, 1);
    await deleteObject(client, SECRETS, web);
    keeper.want([web, api]);
    await present(web, 'is ours', (secret) => secret.type === 'kubernetes.io/tls');
  });

  it('never says a key, whatever it says', async () => {
    const { tls } = writer([web]);
    const secrets = [await present(web), await present(ca)];
    const keys = [...secrets.map((secret) => valueOf(secret, 'tls.key')), ...tls.map(({ key }) => key)];
    const said = JSON.stringify(logged);
    assert.ok(logged.length > 2 && keys.length >= 2);
    for (const key of keys) {
      for (const line of key.split('\n').filter((each) => each !== '' && !each.startsWith('---'))) assert.ok(!said.includes(line));
    }
  });
});
