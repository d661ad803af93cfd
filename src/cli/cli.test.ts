import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { moongate } from '../../test/support/cli.ts';

const directory = mkdtempSync(join(tmpdir(), 'moongate-cli-'));
after(() => rmSync(directory, { recursive: true, force: true }));

/** Puts files into a directory of their own, whose name is returned. */
function files(name: string, contents: Readonly<Record<string, string>>): string {
  mkdirSync(join(directory, name));
  for (const [file, text] of Object.entries(contents)) writeFileSync(join(directory, name, file), text);
  return name;
}

const gateway = `apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: gc }
spec: { controllerName: gateway.envoyproxy.io/gatewayclass-controller }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: gw }
spec:
  gatewayClassName: gc
  listeners: [{ name: http, protocol: HTTP, port: 80 }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: web }
spec:
  parentRefs: [{ name: gw }]
  hostnames: [www.example.com]
  rules:
    - matches: [{ path: { value: /old } }]
      filters: [{ type: RequestRedirect, requestRedirect: { hostname: new.example.com } }]
`;

const broken = `kind: Service
apiVersion: v1
metadata: { name: one }
spec: { ports: [{ port: 0 }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: lost }
spec:
  parentRefs: [{ name: nobody }]
  rules: [{ backendRefs: [{ name: nothing, port: 80 }] }]
---
kind: [
`;

const run = (...args: string[]) => moongate(args, { cwd: directory });

describe('the command line', () => {
  test('explains itself, every command with an example', async () => {
    const { stdout, status } = await run('--help');
    const commands = [...stdout.matchAll(/^ {2}(\w+) (?:\[options\]|<|\[)?/gm)].map(([, name]) => name ?? '').filter((name) => name !== 'help' && name !== 'moongate');
    assert.deepEqual([commands, status], [['run', 'controller', 'epp', 'status', 'explain', 'picks', 'validate', 'translate', 'crds', 'version', 'completion'], 0]);
    for (const command of commands) {
      const help = await run(command, '--help');
      assert.equal(help.status, 0);
      assert.match(help.stdout, new RegExp(`^Examples?:\\n(.*\\n)*.*moongate ${command}`, 'm'), command);
    }
  });

  const wrong: [string, string[], RegExp][] = [
    ['an unknown command', ['serve'], /unknown command 'serve'/],
    ['an unknown option', ['run', '-f', 'x', '--fast'], /unknown option '--fast'/],
    ['a missing option', ['validate'], /required option '-f, --file <path>' not specified/],
    ['an empty path', ['validate', '-f', ''], /argument '' is invalid\. a path is needed\./],
    ['an empty path among others', ['run', '-f', 'x', '-f', ''], /a path is needed/],
    ['an empty path to explain by', ['explain', 'GET', 'http://x/', '-f', ''], /a path is needed/],
    ['an empty path to translate', ['translate', '-f', ''], /a path is needed/],
    ['a missing argument', ['explain', 'GET'], /missing required argument 'url'/],
    ['a choice that there is not', ['translate', '-f', 'x', '--to', 'html'], /Allowed choices are xds, ir, conditions/],
    ['an admin address for the network', ['run', '-f', 'x', '--admin', '0.0.0.0:80'], /"0\.0\.0\.0" is not a loopback address/],
    ['a number that is none', ['run', '-f', 'x', '--concurrency', 'many'], /a whole number from 1 is needed/],
    ['a kind that there is not', ['status', 'pods'], /there is no kind "pods" to show/],
  ];
  for (const [name, args, message] of wrong) {
    test(`ends with 2 for ${name}`, async () => {
      const { status, stdout, stderr } = await run(...args);
      assert.match(stderr, message);
      assert.deepEqual([status, stdout], [2, '']);
    });
  }

  test('tells versions for programs too', async () => {
    const { stdout } = await run('version', '-o', 'json');
    const versions = JSON.parse(stdout) as Record<string, string>;
    assert.deepEqual([versions['envoy'], versions['node']], ['1.40.0', process.version]);
    assert.equal((await run('--version')).stdout.trim(), versions['moongate']);
  });

  test('ends quietly when nobody reads on', () => {
    const main = join(import.meta.dirname, 'main.ts');
    const { stdout, stderr, status } = spawnSync('bash', ['-c', `set -o pipefail; '${process.execPath}' '${main}' crds | head -1`], { encoding: 'utf8' });
    assert.deepEqual({ stdout, stderr, status }, { stdout: '---\n', stderr: '', status: 0 });
  });
});

describe('validate', () => {
  before(() => {
    files('good', { 'all.yaml': gateway });
    files('bad', { 'a.yaml': gateway, 'b.yaml': broken });
    files('warned', { 'a.yaml': gateway, 'pod.yaml': 'apiVersion: v1\nkind: Pod\nmetadata: { name: x }\n', 'other.yaml': gateway.split('---\n')[1]?.replace('name: gw', 'name: other').replace('gc', 'nobody') ?? '' });
  });

  test('ends with 0 when all is well', async () => {
    assert.deepEqual(await run('validate', '-f', 'good'), { status: 0, stdout: '', stderr: '3 objects, no problems\n' });
  });

  test('names file, line, object, field and reason of each problem, conditions included, and ends with 1', async () => {
    const { status, stdout, stderr } = await run('validate', '-f', 'bad');
    const lines = stdout.trimEnd().split('\n');
    assert.equal(status, 1);
    assert.match(stderr, /^4 objects, 5 errors\n$/);
    assert.match(lines[0] ?? '', /^bad\/b\.yaml:4: Service default\/one: spec\.ports\[0\]\.port: Invalid value: 0: .* \(error\)$/);
    assert.match(lines[1] ?? '', /^bad\/b\.yaml:4: Service default\/one: spec\.ports\[0\]\.targetPort: .* \(error\)$/);
    assert.match(lines[2] ?? '', /^bad\/b\.yaml:6: HTTPRoute default\/lost: parent Gateway nobody: Accepted=False \(NoMatchingParent\): (.* )?Gateway default\/nobody does not exist.* \(error\)$/);
    assert.match(lines[3] ?? '', /^bad\/b\.yaml:6: HTTPRoute default\/lost: ResolvedRefs=False \(BackendNotFound\): .*Service default\/nothing does not exist \(error\)$/);
    assert.match(lines[4] ?? '', /^bad\/b\.yaml:1\d: .* \(error\)$/);
  });

  test('gives the same to programs', async () => {
    const { status, stdout } = await run('validate', '-f', 'bad', '-o', 'json');
    const { valid, problems } = JSON.parse(stdout) as { valid: boolean; problems: { file: string; line: number; kind: string }[] };
    assert.deepEqual([status, valid, problems.length, problems[0]?.kind], [1, false, 5, 'Service']);
  });

  test('does not fail for warnings, and says what is not used', async () => {
    const { status, stdout, stderr } = await run('validate', '-f', 'warned');
    const lines = stdout.trimEnd().split('\n');
    assert.match(lines[0] ?? '', /^warned\/other\.yaml:1: Gateway default\/other: Accepted=Unknown \(Pending\): GatewayClass nobody does not exist \(warning\)$/);
    assert.match(lines[1] ?? '', /^warned\/pod\.yaml:\d: Pod default\/x: .*Pod is not run here.* \(warning\)$/);
    assert.deepEqual([lines.length, stderr, status], [2, '4 objects, 0 errors, 2 warnings\n', 0]);
  });

  test('takes a path that is not there for a problem', async () => {
    const { status, stdout } = await run('validate', '-f', 'nowhere');
    assert.deepEqual([status, stdout], [1, 'nowhere: no such file or directory (error)\n']);
  });

  test('takes nothing to check for an error', async () => {
    files('void', { 'a.yaml': '# nothing\n', 'b.txt': gateway });
    files('hollow', {});
    const { status, stdout, stderr } = await run('validate', '-f', 'void', '-f', 'hollow');
    assert.deepEqual([status, stdout, stderr], [1, 'no objects found in void, hollow (error)\n', '0 objects, 1 error\n']);
    const json = await run('validate', '-f', 'void', '-o', 'json');
    assert.deepEqual([json.status, (JSON.parse(json.stdout) as { valid: boolean }).valid], [1, false]);
  });

  test('does not let names of files and objects speak to the terminal', async () => {
    files('escape', { 'a\u001b[31m.yaml': '{kind: Service, apiVersion: v1, metadata: {name: "x\\e[2J"}}' });
    const { stdout } = await run('validate', '-f', 'escape');
    assert.match(stdout, /^escape\/a\\u001b\[31m\.yaml:1: Service default\/x\\u001b\[2J: /);
    assert.ok(!stdout.includes('\u001b'), JSON.stringify(stdout));
  });

  test('is what run --once does', async () => {
    const [once, validate] = await Promise.all([run('run', '-f', 'bad', '--once'), run('validate', '-f', 'bad')]);
    assert.deepEqual(once, validate);
  });
});

describe('translate', () => {
  before(() => files('translated', { 'all.yaml': gateway }));

  test('prints what Envoy would be sent, a type of it, or none of a proxy that there is not', async () => {
    const all = JSON.parse((await run('translate', '-f', 'translated', '-o', 'json')).stdout) as Record<string, Record<string, object>>;
    assert.deepEqual(Object.keys(all['default/gw'] ?? {}).toSorted(), ['LDS', 'RDS']);
    const rds = await run('translate', '-f', 'translated', '--type', 'RDS', '--proxy', 'default/gw');
    assert.match(rds.stdout, /^default\/gw:\n {2}RDS:\n {4}default\/gw\/80:\n(.*\n)*.*host_redirect: new\.example\.com/);
    assert.match((await run('translate', '-f', 'translated', '--proxy', 'x')).stderr, /there is no proxy x; there is: default\/gw/);
  });

  test('prints the form in the middle, and conditions', async () => {
    const ir = JSON.parse((await run('translate', '-f', 'translated', '--to', 'ir', '-o', 'json')).stdout) as { virtualHosts: { domain: string }[] };
    assert.deepEqual(ir.virtualHosts.map(({ domain }) => domain).toSorted(), ['*', 'www.example.com']);
    assert.match((await run('translate', '-f', 'translated', '--to', 'conditions')).stdout, /^HTTPRoute\/default\/web:\n {2}parents:/m);
  });
});

describe('explain', () => {
  before(() => files('explained', { 'all.yaml': gateway }));

  test('answers from files', async () => {
    const { stdout, status } = await run('explain', 'get', 'http://www.example.com/old/x', '-f', 'explained');
    assert.match(stdout, /^HTTPRoute default\/web, rule 0 answers 302: redirect to http:\/\/new\.example\.com\/old\/x\.$/m);
    assert.equal(status, 0);
  });

  test('gives the same to programs', async () => {
    const { stdout } = await run('explain', 'GET', 'http://www.example.com/', '-f', 'explained', '-o', 'json');
    assert.deepEqual((JSON.parse(stdout) as { answer: { status: number } }).answer.status, 404);
  });

  test('ends with 2 for a request that makes no sense', async () => {
    const { stderr, status } = await run('explain', 'GET', 'ftp://x/', '-f', 'explained');
    assert.deepEqual([stderr, status], ['moongate: scheme ftp is not known: http, https, grpc, grpcs, tls, tcp, udp is needed\n', 2]);
  });
});

describe('a command that asks an instance', () => {
  test('says how to name another when none answers', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const { stderr, status } = await run('status', '--admin', `127.0.0.1:${port}`);
    assert.equal(stderr, `moongate: no instance answers at 127.0.0.1:${port} (nothing listens there): start one with "moongate run -f PATH", or name another with --admin HOST:PORT, --state-dir DIR or --name INSTANCE\n`);
    assert.equal(status, 1);
  });

  test('says that no instance runs on a state directory', async () => {
    const { stderr, status } = await run('status', '--state-dir', 'nowhere');
    assert.deepEqual([stderr, status], [`moongate: no instance with an admin port runs on ${join(directory, 'nowhere')}\n`, 1]);
  });
});

describe('bin/moongate', () => {
  const bin = join(import.meta.dirname, '../../bin');

  test('runs the checkout, and passes the exit status on', () => {
    const { status, stderr } = spawnSync(process.execPath, [join(bin, 'moongate'), 'validate'], { encoding: 'utf8' });
    assert.match(stderr, /required option/);
    assert.equal(status, 2);
  });

  test('says what to do where nothing is installed', () => {
    const copy = join(directory, 'copy');
    cpSync(bin, join(copy, 'bin'), { recursive: true });
    const { status, stderr } = spawnSync(process.execPath, [join(copy, 'bin', 'moongate'), '--help'], { encoding: 'utf8' });
    assert.deepEqual([status, stderr], [1, `moongate: not installed yet: run "npm ci" in ${copy}\n`]);
  });
});
