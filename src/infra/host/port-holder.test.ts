import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';

import { portHolder, programName } from './port-holder.ts';

test('a program is named by its file, node by its script too', () => {
  const cases: [string[], string][] = [
    [['/usr/bin/python3', '-m', 'http.server', ''], 'python3'],
    [['/opt/node/bin/node', '/srv/app/server.js', '--port', '80', ''], 'node server.js'],
    [['node', '--import', './hook.js', '--inspect', 'main.ts', ''], 'node main.ts'],
    [['node', '-e', 'listen()', ''], 'node'],
    [['node', ''], 'node'],
    [['nginx: master process /usr/sbin/nginx -g daemon off;', '', '', ''], 'nginx'],
    [['/bin/x\u001b[2J', ''], 'x\\u001b[2J'],
    [[''], '?'],
  ];
  for (const [args, name] of cases) assert.equal(programName(args.join('\0')), name);
});

test('a port of this process is held by node and this test', { skip: process.platform !== 'linux' }, async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const holder = await portHolder((server.address() as AddressInfo).port);
  await new Promise((resolve) => server.close(resolve));
  assert.equal(holder, `"node port-holder.test.ts" (pid ${process.pid})`);
});
