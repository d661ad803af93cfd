import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, suite, test } from 'node:test';
import { selfSigned } from '../support/certificate.ts';
import { ask, askTls, seenBy } from '../support/client.ts';
import { startEchoBackend, type EchoBackend } from '../support/echo-backend.ts';
import { gatewayWithTls, route, service, standard, tlsSecret } from '../support/manifests.ts';
import { eventually, freePort, Moongate, type Condition, type FileProblem } from '../support/moongate.ts';

const host = 'www.example.com';
const toBackend = 'backendRefs: [{name: backend, port: 3000}]';

suite('bad input is said, and what works goes on', { timeout: 180_000 }, () => {
  let backend: EchoBackend;
  let port: number;
  let moongate: Moongate;

  before(async () => {
    backend = await startEchoBackend('backend');
    port = await freePort();
    moongate = await Moongate.create({
      'gatewayclass.yaml': standard('gatewayclass'),
      'gateway.yaml': standard('gateway', port),
      'services.yaml': service('backend', backend.port),
      'httproute.yaml': standard('httproute-1-path'),
    });
    await moongate.start();
  });

  afterEach(async () => {
    assert.equal(seenBy(await ask(port, { host, path: '/get' })).backend, 'backend', 'the good route still answers');
  });

  after(async () => {
    await moongate[Symbol.asyncDispose]();
    await backend.close();
  });

  function routeCondition(name: string, type: string): Promise<Condition> {
    return eventually(`${name} has ${type}`, async () => {
      return (await moongate.statusOf('HTTPRoute', name))?.parents?.[0]?.conditions.find((condition) => condition.type === type);
    });
  }

  /** Waits for a problem line about a file, and takes the file away again. */
  async function problemOf(name: string, text: string): Promise<FileProblem> {
    moongate.write(name, text);
    const found = await eventually(`a problem of ${name}`, async () => (await moongate.problems()).find((problem) => problem.file.endsWith(name)));
    moongate.remove(name);
    await eventually(`the problem of ${name} is gone`, async () => !(await moongate.problems()).some((problem) => problem.file.endsWith(name)));
    return found;
  }

  test('malformed YAML: file and line', async () => {
    const { line, message } = await problemOf('broken.yaml', 'apiVersion: v1\nkind: [\n');
    assert.ok(line >= 2);
    assert.notEqual(message, '');
  });

  test('a good file that breaks keeps its last good objects', async () => {
    moongate.write('httproute.yaml', `${standard('httproute-1-path')}  bad indent: [\n`);
    await eventually('the problem is known', async () => (await moongate.problems()).some((problem) => problem.file.endsWith('httproute.yaml')));
    assert.equal(seenBy(await ask(port, { host, path: '/get' })).backend, 'backend');
    moongate.write('httproute.yaml', standard('httproute-1-path'));
    await eventually('the problem is gone', async () => (await moongate.problems()).length === 0);
  });

  test('a file that is half written takes nothing away', async () => {
    const text = standard('httproute-1-path');
    moongate.overwrite('httproute.yaml', text.slice(0, text.length / 2));
    assert.equal(seenBy(await ask(port, { host, path: '/get' })).backend, 'backend');
    moongate.overwrite('httproute.yaml', text);
    await eventually('no problem is left', async () => (await moongate.problems()).length === 0);
  });

  test('a field of the wrong kind and one that nobody knows: object and field', async () => {
    const invalid = await problemOf('invalid.yaml', standard('gateway', 70_000).replace('ack-gateway', 'other'));
    assert.deepEqual({ kind: invalid.kind, key: invalid.key }, { kind: 'Gateway', key: 'default/other' });
    assert.equal(invalid.field, 'spec.listeners[0].port');
    const unknown = await problemOf('unknown.yaml', `${standard('gateway', 9000).replace('ack-gateway', 'other')}  colour: blue\n`);
    assert.match(`${unknown.field} ${unknown.message}`, /spec\.colour/);
  });

  test('an object of 5 MB', async () => {
    const { message, key } = await problemOf('large.yaml', `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: large\ndata:\n  text: ${'x'.repeat(5_000_000)}\n`);
    assert.match(`${key} ${message}`, /large/i);
  });

  test('cyclic symlinks', async () => {
    mkdirSync(join(moongate.files, 'loop'));
    symlinkSync('..', join(moongate.files, 'loop', 'again'));
    await eventually('the cycle is told', async () => (await moongate.problems()).some(({ file, message }) => /loop/.test(file) && message !== ''));
  });

  test('a certificate that does not belong to its key: the listener says so, the others serve', async () => {
    const https = await freePort();
    const { chain } = selfSigned(host);
    moongate.write('secret.yaml', tlsSecret('example-cert', { chain, privateKey: selfSigned(host).privateKey }));
    moongate.write('gateway.yaml', gatewayWithTls({ http: port, https }));
    const condition = await eventually('the listener has ResolvedRefs=False', async () => {
      const listener = (await moongate.statusOf('Gateway', 'ack-gateway'))?.listeners?.find(({ name }) => name === 'https');
      return listener?.conditions.find(({ type, status }) => type === 'ResolvedRefs' && status === 'False');
    });
    assert.equal(condition.reason, 'InvalidCertificateRef');
    assert.match(condition.message, /example-cert.*does not belong/);
    moongate.write('secret.yaml', tlsSecret('example-cert', selfSigned(host)));
    await eventually('with the right key it serves', async () => (await askTls(https, { serverName: host, host, path: '/get' })).status === 200);
    moongate.write('gateway.yaml', standard('gateway', port));
  });

  test('64 listeners', async () => {
    const listeners = Array.from({ length: 64 }, (_, i) => `    - {name: l${i}, protocol: HTTP, port: ${port}, hostname: h${i}.example.com}`);
    moongate.write('gateway.yaml', `${standard('gateway', port).replace(/ {4}- name: http[\s\S]*/, '')}${listeners.slice(1).join('\n')}
    - {name: http, protocol: HTTP, port: ${port}}\n`);
    await eventually('all of them are programmed', async () => {
      const status = await moongate.statusOf('Gateway', 'ack-gateway');
      return status?.listeners?.length === 64 && status.listeners.every(({ conditions }) => conditions.some((c) => c.type === 'Programmed' && c.status === 'True'));
    });
    moongate.write('gateway.yaml', standard('gateway', port));
    await eventually('one is left', async () => (await moongate.statusOf('Gateway', 'ack-gateway'))?.listeners?.length === 1);
  });

  test('two Gateways that want one port: the second says who has it', async () => {
    moongate.write('second.yaml', standard('gateway', port).replace('name: ack-gateway', 'name: second'));
    const condition = await eventually('the second is told', async () => {
      return (await moongate.statusOf('Gateway', 'second'))?.listeners?.[0]?.conditions.find(({ type, status }) => type === 'Accepted' && status === 'False');
    });
    assert.equal(condition.reason, 'PortUnavailable');
    assert.match(condition.message, /ack-gateway/);
    moongate.remove('second.yaml');
  });

  test('a regular expression that is none: condition, and the rest of the route serves', async () => {
    moongate.write('regex.yaml', route('regex', {
      host: 'regex.example.com',
      rule: `matches: [{path: {type: RegularExpression, value: "/(unclosed"}}]\n${toBackend}`,
    }));
    const condition = await routeCondition('regex', 'Accepted');
    assert.equal(condition.status, 'False');
    assert.match(condition.message, /\(unclosed/);
    moongate.remove('regex.yaml');
  });

  test('a regular expression that only Envoy refuses: its words in the condition, 500, and the others go live', async () => {
    moongate.write('refused.yaml', [
      route('refused', { host: 'refused.example.com', rule: `matches: [{path: {type: RegularExpression, value: "${refusedByEnvoy}"}}]\n${toBackend}` }),
      route('innocent', { host: 'innocent.example.com', rule: toBackend }),
    ].join('---\n'));
    const condition = await eventually('the route is refused', async () => {
      const found = await routeCondition('refused', 'Accepted');
      return found.status === 'False' && found;
    });
    assert.match(condition.message, /Envoy refused/);
    await eventually('the innocent route answers', async () => (await ask(port, { host: 'innocent.example.com' })).status === 200);
    assert.equal((await routeCondition('innocent', 'Accepted')).status, 'True');
    moongate.write('refused.yaml', route('refused', { host: 'refused.example.com', rule: toBackend }));
    await eventually('mended, it serves', async () => (await ask(port, { host: 'refused.example.com' })).status === 200);
    moongate.remove('refused.yaml');
  });

  test('a route with 16 rules of 8 matches, the most the API allows', async () => {
    const rules = Array.from({ length: 16 }, (_, rule) => {
      const matches = Array.from({ length: 8 }, (_, match) => `        - {path: {type: PathPrefix, value: /r${rule}/m${match}}}`);
      return `    - matches:\n${matches.join('\n')}\n      ${toBackend}`;
    });
    moongate.write('many.yaml', `${route('many', { host: 'many.example.com', rule: toBackend }).replace(/ {4}- backendRefs[\s\S]*/, '')}${rules.join('\n')}\n`);
    await eventually('the last match answers', async () => (await ask(port, { host: 'many.example.com', path: '/r15/m7' })).status === 200);
    moongate.remove('many.yaml');
  });

  test('a route with 16 rules of 64 matches is more than the API allows', async () => {
    const matches = Array.from({ length: 64 }, (_, match) => `        - {path: {type: PathPrefix, value: /m${match}}}`).join('\n');
    const rules = Array.from({ length: 16 }, () => `    - matches:\n${matches}\n      ${toBackend}`).join('\n');
    const text = `${route('too-many', { host: 'many.example.com', rule: toBackend }).replace(/ {4}- backendRefs[\s\S]*/, '')}${rules}\n`;
    const { key, message } = await problemOf('too-many.yaml', text);
    assert.equal(key, 'default/too-many');
    assert.match(message, /128/);
  });
});

/** Valid syntax, but a larger program than RE2 allows itself in Envoy. The backslashes are for YAML. */
const refusedByEnvoy = `/${'\\\\pL{1000}'.repeat(100)}`;
