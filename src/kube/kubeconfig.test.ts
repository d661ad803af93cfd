import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { stringify } from 'yaml';
import { tokenFileCredentials } from './credentials.ts';
import { inClusterConnection, isInCluster } from './in-cluster.ts';
import { kubeconfigConnection } from './kubeconfig.ts';
import { loadKubeClient } from './load-client.ts';

function directory(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'moongate-kubeconfig-'));
  context.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

interface Parts {
  readonly name?: string;
  readonly cluster?: object;
  readonly user?: object;
  readonly context?: object;
}

function config({ name = 'a', cluster = {}, user = {}, context = {} }: Parts): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server: `https://${name}.example:6443/`, ...cluster } }],
    contexts: [{ name, context: { cluster: name, user: name, ...context } }],
    users: [{ name, user }],
  };
}

function write(context: TestContext, ...configs: readonly object[]): string[] {
  const path = directory(context);
  return configs.map((value, i) => {
    const file = join(path, `config-${i}`);
    writeFileSync(file, stringify(value));
    return file;
  });
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

describe('kubeconfig', () => {
  test('server, certificates and namespace are those of the current context', (context) => {
    const files = write(context, config({
      cluster: { 'certificate-authority-data': base64('the CA'), 'tls-server-name': 'other.name' },
      user: { 'client-certificate-data': base64('the certificate'), 'client-key-data': base64('the key') },
      context: { namespace: 'mine' },
    }));
    const { credentials: _, ...connection } = kubeconfigConnection(files);
    assert.deepEqual(connection, {
      server: 'https://a.example:6443',
      namespace: 'mine',
      tls: { ca: 'the CA', cert: 'the certificate', key: 'the key', servername: 'other.name' },
    });
  });

  test('files are named relative to the kubeconfig', (context) => {
    const [file = ''] = write(context, config({ cluster: { 'certificate-authority': 'pki/ca.crt' } }));
    mkdirSync(join(file, '..', 'pki'));
    writeFileSync(join(file, '..', 'pki', 'ca.crt'), 'CA in a file');
    assert.equal(kubeconfigConnection([file]).tls.ca, 'CA in a file');
  });

  test('a context may be chosen, and of several files the first counts', (context) => {
    const files = write(context, config({ name: 'a' }), config({ name: 'b' }), config({ name: 'a', cluster: { server: 'https://late' } }));
    assert.equal(kubeconfigConnection(files).server, 'https://a.example:6443');
    assert.equal(kubeconfigConnection(files, 'b').server, 'https://b.example:6443');
  });

  test('a token, a token file, a password and a plug-in make the header', async (context) => {
    const path = directory(context);
    writeFileSync(join(path, 'token'), 'from a file\n');
    const credential = JSON.stringify({ kind: 'ExecCredential', status: { token: 'from a plug-in' } });
    const header = async (user: object): Promise<string | undefined> => {
      const file = join(path, 'config');
      writeFileSync(file, stringify(config({ user })));
      return kubeconfigConnection([file]).credentials.authorization();
    };
    assert.equal(await header({ token: 'abc' }), 'Bearer abc');
    assert.equal(await header({ tokenFile: 'token' }), 'Bearer from a file');
    assert.equal(await header({ username: 'u', password: 'p' }), `Basic ${base64('u:p')}`);
    assert.equal(await header({ exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'echo', args: [credential] } }), 'Bearer from a plug-in');
    assert.equal(await header({}), undefined);
  });

  test('what is missing or not supported is named', (context) => {
    const [file = ''] = write(context, config({ user: { 'auth-provider': { name: 'gcp' } } }));
    assert.throws(() => kubeconfigConnection([file], 'nope'), new RegExp(`${file}: context "nope" does not exist`));
    assert.throws(() => kubeconfigConnection([file]), /user "a": auth-provider is not supported/);
    assert.throws(() => kubeconfigConnection(['/does/not/exist']), /kubeconfig \/does\/not\/exist: ENOENT/);
    const [proxied = ''] = write(context, config({ cluster: { 'proxy-url': 'http://proxy' } }));
    assert.throws(() => kubeconfigConnection([proxied]), /cluster "a": proxy-url is not supported/);
    const [broken = ''] = write(context, { clusters: [{ name: 'x', cluster: {} }], contexts: [], users: [] });
    assert.throws(() => kubeconfigConnection([broken]), /clusters\[0\].cluster.server is missing/);
    const [empty = ''] = write(context, {});
    assert.throws(() => kubeconfigConnection([empty]), /current-context is not set/);
  });
});

describe('service account', () => {
  test('a Pod reaches the API server of its cluster with its token', async (context) => {
    const root = directory(context);
    for (const [name, text] of [['ca.crt', 'the CA'], ['token', 'abc\n'], ['namespace', 'mine']] as const) writeFileSync(join(root, name), text);
    const environment = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };
    assert.equal(isInCluster(environment, root), true);
    assert.equal(isInCluster({}, root), false);
    const connection = inClusterConnection(environment, root);
    assert.equal(connection.server, 'https://[fd00::1]:6443');
    assert.equal(connection.namespace, 'mine');
    assert.deepEqual(connection.tls, { ca: 'the CA' });
    assert.equal(await connection.credentials.authorization(), 'Bearer abc');
  });

  test('a token file is read again after a minute, and at once when the token was refused', async (context) => {
    const file = join(directory(context), 'token');
    let time = 0;
    const credentials = tokenFileCredentials(file, () => time);
    writeFileSync(file, 'one');
    assert.equal(await credentials.authorization(), 'Bearer one');
    writeFileSync(file, 'two');
    assert.equal(await credentials.authorization(), 'Bearer one');
    time = 61_000;
    assert.equal(await credentials.authorization(), 'Bearer two');
    writeFileSync(file, 'three');
    credentials.refused();
    assert.equal(await credentials.authorization(), 'Bearer three');
  });

  test('without an option the surroundings decide', (context) => {
    const files = write(context, config({ name: 'a' }), config({ name: 'b' }));
    const environment = { KUBECONFIG: files.join(':') };
    assert.equal(loadKubeClient({ userAgent: 'moongate/test', environment }).server, 'https://a.example:6443');
    assert.equal(loadKubeClient({ userAgent: 'moongate/test', environment, context: 'b' }).server, 'https://b.example:6443');
    assert.equal(loadKubeClient({ userAgent: 'moongate/test', environment, kubeconfig: files[1] }).server, 'https://b.example:6443');
  });
});
