import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { parse } from 'yaml';
import type { Explanation } from '../../src/admin/explain/explanation.ts';
import type { StatusReport } from '../../src/admin/report.ts';
import { moongate, type CommandResult } from '../support/cli.ts';
import { selfSigned } from './support/certificate.ts';
import { ask } from './support/client.ts';
import { startEchoBackend, type EchoBackend } from './support/echo-backend.ts';
import { gatewayWithTls, service, standard, tlsSecret } from './support/manifests.ts';
import { eventually, freePort, Moongate } from './support/moongate.ts';

/** `moongate run` as a user has it, and the commands that ask it. */
describe('a running instance', () => {
  let instance: Moongate;
  let echo: EchoBackend;
  let http: number;
  let admin: string;
  const pair = selfSigned('www.example.com');

  before(async () => {
    [echo, http] = await Promise.all([startEchoBackend('backend'), freePort()]);
    instance = await Moongate.create({
      'class.yaml': standard('gatewayclass'),
      'gateway.yaml': gatewayWithTls({ http, https: await freePort() }),
      'service.yaml': service('backend', echo.port),
      'secret.yaml': tlsSecret('example-cert', pair),
      'route.yaml': standard('httproute-1-path'),
      'broken.yaml': 'apiVersion: v1\nkind: Service\nmetadata: { name: UPPER }\nspec: {}\n',
    });
    admin = `127.0.0.1:${instance.adminPort}`;
    await instance.start('--access-log', '-');
  });
  after(async () => {
    await instance[Symbol.asyncDispose]();
    await echo.close();
  });

  const command = (...args: string[]): Promise<CommandResult> => moongate([...args, '--admin', admin]);
  const get = async (path: string): Promise<unknown> => JSON.parse((await instance.admin(path)).body);

  test('says what listens where, what is wrong and what to try', async () => {
    await eventually('the summary', () => instance.output.includes('See more:'));
    assert.match(instance.output, new RegExp(`^Gateway default/ack-gateway: Accepted, Programmed, ResolvedRefs\\n {2}http: HTTP on 0\\.0\\.0\\.0:${http}, 1 route\\n {2}https: HTTPS on `, 'm'));
    assert.match(instance.output, /^Problems:\n {2}.*broken\.yaml:3: Service default\/UPPER: metadata\.name: /m);
    assert.ok(instance.output.includes(`  curl -H 'Host: www.example.com' http://127.0.0.1:${http}/get\n`));
    assert.ok(instance.output.includes(`  moongate explain GET http://www.example.com:${http}/get --admin ${admin}\n`));
  });

  test('answers requests, and hands its access log on', async () => {
    const reply = await ask(http, { host: 'www.example.com', path: '/get?from=cli-test' });
    assert.equal(reply.status, 200);
    const line = await eventually('the access log', () => instance.output.split('\n').find((each) => each.includes('"/get?from=cli-test"')));
    assert.equal((JSON.parse(line) as { route_name: string }).route_name, 'httproute/default/backend/rule/0/match/0');
  });

  test('is alive and ready', async () => {
    assert.deepEqual([(await instance.admin('/healthz')).body, (await instance.admin('/readyz')).body], ['ok\n', 'ok\n']);
    const { body, headers } = await instance.admin('/');
    assert.match(body, /\/api\/v1\/status/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
  });

  test('shows its status in tables', async () => {
    const { stdout, status } = await command('status');
    assert.equal(status, 0);
    assert.match(stdout, /^Moongate \d+\.\d+\.\d+, Envoy 1\.40\.0, pid \d+, ready\n/);
    assert.match(stdout, /^GATEWAYCLASS\nNAME +CONTROLLER +ACCEPTED\nack-gateway +gateway\.envoyproxy\.io\/gatewayclass-controller +True\n/m);
    assert.match(stdout, /^GATEWAY\nNAMESPACE +NAME +CLASS +ADDRESS +PROGRAMMED\ndefault +ack-gateway +ack-gateway +0\.0\.0\.0 +True\n/m);
    assert.match(stdout, new RegExp(`^default/ack-gateway +http +HTTP +${http} +${http} +\\* +1 +Programmed$`, 'm'));
    assert.match(stdout, /^default +backend +www\.example\.com +default\/ack-gateway +True +True$/m);
    assert.match(stdout, /^default\/ack-gateway +running +\d+ +0 +(\d+)\/\1$/m);
    assert.match(stdout, /^PROBLEM\n.*broken\.yaml:3: Service default\/UPPER: /m);
  });

  test('shows a part of its status, for people and for programs', async () => {
    const [one, list, proxies, missing, noRoute] = await Promise.all([
      command('status', 'gateway/ack-gateway', '-o', 'yaml'),
      command('status', 'httproutes', '-n', 'default', '-o', 'json'),
      command('status', 'proxies'),
      command('status', 'gtw/other'),
      command('status', 'httproutes', '-n', 'elsewhere'),
    ]);
    const gateway = parse(one.stdout) as { kind: string; status: { conditions: { type: string; status: string }[] } };
    assert.deepEqual([gateway.kind, gateway.status.conditions.find(({ type }) => type === 'Programmed')?.status], ['Gateway', 'True']);
    const routes = JSON.parse(list.stdout) as { kind: string; items: { metadata: { name: string } }[] };
    assert.deepEqual([routes.kind, routes.items.map(({ metadata }) => metadata.name)], ['List', ['backend']]);
    assert.match(proxies.stdout, /^NAME +STATE +PID +RESTARTS +ACKED\ndefault\/ack-gateway +running /);
    assert.deepEqual(missing, { status: 1, stdout: '', stderr: 'moongate: gtw "other" not found\n' });
    assert.deepEqual(noRoute, { status: 0, stdout: 'No HTTPRoute found.\n', stderr: '' });
  });

  test('is found by its state directory', async () => {
    const { stdout, status } = await moongate(['status', 'proxies', '--state-dir', instance.state]);
    assert.match(stdout, /default\/ack-gateway/);
    assert.equal(status, 0);
  });

  test('explains a request, and knows what Envoy has acknowledged', async () => {
    const url = `http://127.0.0.1:${http}/get/x`;
    const [text, json] = await Promise.all([command('explain', 'GET', url, '-H', 'Host: www.example.com'), command('explain', 'GET', url, '-H', 'Host: www.example.com', '-o', 'json')]);
    assert.match(text.stdout, /^HTTPRoute default\/backend, rule 0 passes it on to service\/default\/backend\/3000\.$/m);
    assert.match(text.stdout, /^Envoy +has acknowledged all that this depends on \(LDS, RDS, CDS, EDS\)$/m);
    const { answer, delivery } = JSON.parse(json.stdout) as Explanation;
    assert.deepEqual(new Set(delivery.map(({ state }) => state)), new Set(['acked']));
    assert.deepEqual(answer.type === 'forward' ? answer.backends.map(({ endpoints }) => endpoints) : answer, [[`127.0.0.1:${echo.port}`]]);
    const nonsense = await command('explain', 'GET', '/get');
    assert.deepEqual([nonsense.status, nonsense.stderr], [1, 'moongate: "/get" is not a URL: http://HOST[:PORT]/PATH is needed\n']);
  });

  test('counts what it does', async () => {
    const { body } = await instance.admin('/metrics');
    const value = (name: string) => Number(new RegExp(`^${name.replace(/[{}"]/g, '\\$&')} (.*)$`, 'm').exec(body)?.[1]);
    assert.deepEqual(
      ['moongate_ready', 'moongate_xds_streams', 'moongate_proxies{state="running"}', 'moongate_xds_nacks_total', 'moongate_objects{kind="HTTPRoute"}'].map(value),
      [1, 1, 1, 0, 1],
    );
    assert.ok(value('moongate_file_problems{severity="error"}') > 0);
    assert.ok(value('moongate_settle_seconds_count') > 0 && value('moongate_change_to_push_seconds_count') > 0 && value('moongate_xds_acks_total') > 0);
  });

  test('gives no private key away', async () => {
    const paths = ['/', '/metrics', '/api/v1/status', '/api/v1/problems', '/api/v1/proxies', '/api/v1/config/ir', '/api/v1/config/xds', `/api/v1/explain?url=https://www.example.com:${http}/get`];
    const answers = await Promise.all(paths.map(async (path) => (await instance.admin(path)).body));
    const printed = await Promise.all([
      command('status', '-o', 'json'),
      ...['xds', 'ir', 'conditions'].map((form) => moongate(['translate', '-f', instance.files, '--to', form])),
    ]);
    const everything = [...answers, ...printed.map(({ stdout, stderr }) => stdout + stderr), instance.output].join('\n');
    assert.ok(everything.includes('[redacted]'), 'the certificate is among what was looked at');
    const keyLines = pair.privateKey.split('\n').filter((line) => line.length > 20 && !line.startsWith('-----'));
    const secrets = [...keyLines, ...keyLines.map((line) => Buffer.from(line).toString('base64')), Buffer.from(pair.privateKey).toString('base64'), 'PRIVATE KEY'];
    assert.deepEqual(secrets.filter((secret) => everything.includes(secret)), []);
  });

  test('a second instance is refused the state directory and the admin port, each in one sentence', async () => {
    const other = `${instance.directory}/other`;
    const [locked, taken] = await Promise.all([
      moongate(['run', '-f', instance.files, '--state-dir', instance.state, '--admin', 'off']),
      moongate(['run', '-f', instance.files, '--state-dir', other, '--admin', admin]),
    ]);
    assert.match(locked.stderr, /^moongate: the state directory \S+ is in use by another instance, process \d+: .*\n$/);
    assert.match(taken.stderr, new RegExp(`^moongate: the admin port ${admin} is taken by .*: choose another with --admin HOST:PORT, or none with --admin off\\n$`));
    assert.deepEqual([locked.status, locked.stdout, taken.status, taken.stdout], [1, '', 1, '']);
  });

  test('tells of conditions that change', async () => {
    await eventually('the summary', () => instance.output.includes('See more:'));
    instance.write('service.yaml', '# nothing here\n');
    await eventually('the log', () => /ERROR .*route\.yaml:1: HTTPRoute default\/backend: ResolvedRefs=False \(BackendNotFound\): /.test(instance.output));
    instance.write('service.yaml', service('backend', echo.port));
    await eventually('the log', () => /INFO .*route\.yaml:1: HTTPRoute default\/backend: ResolvedRefs: is as it should be again/.test(instance.output));
  });

  test('reads all files again when told to', async () => {
    const { instance: report } = (await get('/api/v1/status')) as StatusReport;
    process.kill(report.pid, 'SIGHUP');
    await eventually('the log', () => instance.output.includes('SIGHUP: reading all files again'));
    assert.equal((await instance.admin('/readyz')).status, 200);
  });

  test('ends with its Envoys when told to, and leaves nothing open', async () => {
    const pids = [...(await instance.envoys()).values()];
    assert.ok(pids.length > 0);
    assert.ok(statSync(`${instance.state}/admin.json`).isFile());
    assert.equal(await instance.stop(), 0);
    assert.deepEqual(pids.filter(isAlive), []);
    assert.equal(existsSync(`${instance.state}/admin.json`), false);
    await assert.rejects(ask(http));
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('a second signal does not wait for clients', async () => {
  const [echo, port] = await Promise.all([startEchoBackend('backend'), freePort()]);
  try {
    await using instance = await Moongate.create({
      'class.yaml': standard('gatewayclass'),
      'gateway.yaml': standard('gateway', port),
      'service.yaml': service('backend', echo.port),
      'route.yaml': standard('httproute-1-path'),
    });
    await instance.start();
    const { pid } = (JSON.parse((await instance.admin('/api/v1/status')).body) as StatusReport).instance;
    const request = ask(port, { host: 'www.example.com', path: '/get?delay=8000' });
    const failed = assert.rejects(request);
    await eventually('the request is under way', () => echo.seen.length === 1);
    const start = performance.now();
    const stopped = instance.stop();
    let ended = false;
    void stopped.then(() => (ended = true));
    await eventually('the drain', () => instance.output.includes('SIGTERM: draining Envoy'));
    // The first few count as echoes of the first signal.
    await eventually('the end', () => ended || (process.kill(pid, 'SIGINT') && undefined));
    assert.equal(await stopped, 0);
    assert.ok(performance.now() - start < 6_000, 'it did not wait for the answer');
    assert.match(instance.output, /SIGINT again: not waiting for clients/);
    await failed;
  } finally {
    await echo.close();
  }
});

describe('a start that fails', () => {
  test('names what keeps Envoy from being run', async () => {
    await using instance = await Moongate.create({ 'class.yaml': standard('gatewayclass') });
    const { status, stderr } = await moongate(['run', '-f', instance.files, '--state-dir', instance.state, '--admin', 'off', '--envoy', '/nonexistent/envoy']);
    assert.deepEqual([stderr, status], ['moongate: the Envoy that was named with --envoy or MOONGATE_ENVOY does not work: /nonexistent/envoy does not exist\n', 1]);
  });
});

test('a port that is taken keeps its Gateway from being served, and says who has it and what to do', async () => {
  const holder = createServer().listen(0, '0.0.0.0');
  await new Promise((resolve) => holder.once('listening', resolve));
  const { port } = holder.address() as { port: number };
  try {
    await using instance = await Moongate.create({ 'class.yaml': standard('gatewayclass'), 'gateway.yaml': standard('gateway', port) });
    instance.launch();
    await eventually('the summary', () => instance.output.includes('See more:'));
    assert.match(instance.output, new RegExp(`http: HTTP port ${port} is not served: port ${port} is taken by .* \\(pid ${process.pid}\\): stop that process, or give the listener another port`));
    const ready = await instance.admin('/readyz');
    assert.equal(ready.status, 503);
    assert.match(ready.body, new RegExp(`^Gateway default/ack-gateway is not served: port ${port} is taken by `));
    const { stdout } = await moongate(['explain', 'GET', `http://127.0.0.1:${port}/`, '--admin', `127.0.0.1:${instance.adminPort}`]);
    assert.match(stdout, new RegExp(`^No answer: Gateway default/ack-gateway wants port ${port} but does not have it: port ${port} is taken by `, 'm'));
    await new Promise((resolve) => holder.close(resolve));
    await eventually('the port is served', async () => (await instance.admin('/readyz')).status === 200);
    assert.match(instance.output, new RegExp(`INFO .*the port can be had now: listening on port ${port}`));
    assert.doesNotMatch(instance.output, new RegExp(`INFO .*/${port}: listening on port`));
  } finally {
    if (holder.listening) await new Promise((resolve) => holder.close(resolve));
  }
});
