import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { acquireLock, LockedError } from './lock.ts';
import { proxyDirName } from './proxy-files.ts';
import { openStateDir, stateDirPath } from './state-dir.ts';
import { temporaryDir } from './testing.ts';

test('the default directory follows XDG_STATE_HOME when that is absolute', () => {
  const options = { instance: 'i', home: '/home/u' };
  assert.equal(stateDirPath({ ...options, env: { XDG_STATE_HOME: '/state' } }), '/state/moongate/i');
  assert.equal(stateDirPath({ ...options, env: { XDG_STATE_HOME: 'state' } }), '/home/u/.local/state/moongate/i');
  assert.equal(stateDirPath({ ...options, env: {} }), '/home/u/.local/state/moongate/i');
});

test('instances with different configuration have different directories, whatever the order', () => {
  const path = (...configPaths: string[]): string => stateDirPath({ configPaths, env: {}, home: '/home/u' });
  assert.notEqual(path('/a/gateway'), path('/b/gateway'));
  assert.equal(path('/a', '/b'), path('/b', '/a'));
  assert.match(path('/a/gate way'), /\/gate_way-[\w-]+$/);
});

test('a second instance on a directory fails and names the process that has it', async () => {
  await using dir = await temporaryDir();
  const first = await openStateDir({ path: dir.path });
  await assert.rejects(openStateDir({ path: dir.path }), new RegExp(`^Error: the state directory ${dir.path} is in use by another instance, process ${process.pid}: stop`));
  await first.release();
  await (await openStateDir({ path: dir.path })).release();
  assert.deepEqual(await readdir(dir.path), ['envoy']);
});

test('the lock of a process that is gone is taken over, by exactly one of many', async () => {
  await using dir = await temporaryDir();
  const path = join(dir.path, 'lock');
  for (const stale of [JSON.stringify({ pid: process.pid, start: 'before the last reboot', nonce: 'n' }), '', '{"pid":']) {
    await writeFile(path, stale);
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => acquireLock(path)));
    const won = results.filter((result) => result.status === 'fulfilled');
    const lost = results.filter((result) => result.status === 'rejected');
    assert.equal(won.length, 1);
    assert.ok(lost.every(({ reason }) => reason instanceof LockedError && reason.pid === process.pid), String(lost[0]?.reason));
    await won[0]?.value.release();
    assert.deepEqual(await readdir(dir.path), []);
  }
});

test('a directory is private to its user', async () => {
  await using dir = await temporaryDir();
  const state = await openStateDir({ path: join(dir.path, 'new') });
  const files = await state.proxy('default/gateway');
  for (const path of [state.path, files.dir]) assert.equal((await stat(path)).mode & 0o777, 0o700);
  await state.release();
});

test('an existing directory that other users may write to is refused, others are taken', async () => {
  await using dir = await temporaryDir();
  for (const mode of [0o777, 0o770, 0o702]) {
    await chmod(dir.path, mode);
    await assert.rejects(openStateDir({ path: dir.path }), new RegExp(`the state directory ${dir.path} may be written by other users \\(mode ${mode.toString(8)}\\): take that from them with "chmod go-w ${dir.path}"`));
  }
  assert.deepEqual(await readdir(dir.path), []);
  await chmod(dir.path, 0o755);
  await (await openStateDir({ path: dir.path })).release();
});

test('a directory of another user is refused', async () => {
  await using dir = await temporaryDir();
  const { uid } = await stat(dir.path);
  await assert.rejects(openStateDir({ path: dir.path, user: uid + 1 }), new RegExp(`the state directory ${dir.path} belongs to user ${uid}, not to this one`));
});

test('sockets move to a short directory when their paths would be too long, and only they', async () => {
  await using dir = await temporaryDir();
  const tmp = join(dir.path, 't');
  await mkdir(tmp);
  const path = join(dir.path, 'x'.repeat(120));
  const state = await openStateDir({ path, tmp });
  const files = await state.proxy('default/gateway');
  const other = await state.proxy('default/other');
  const sockets = [state.xdsSocket, ...files.slots, ...other.slots].map((each) => (typeof each === 'string' ? each : each.adminSocket));
  assert.equal(new Set(sockets).size, 5);
  assert.ok(sockets.every((socket) => socket.startsWith(`${tmp}/`) && socket.length <= 103), sockets.join('\n'));
  assert.ok(files.slots[0].bootstrap.startsWith(path));
  await state.release();
  assert.deepEqual(await readdir(tmp), []);
});

test('a long proxy name alone moves its admin socket', async () => {
  await using dir = await temporaryDir();
  const state = await openStateDir({ path: dir.path, tmp: dir.path });
  const long = await state.proxy(`default/${'g'.repeat(63)}`);
  const short = await state.proxy('default/g');
  assert.equal(state.xdsSocket, join(dir.path, 'xds.sock'));
  assert.ok(short.slots[0].adminSocket.startsWith(short.dir));
  assert.ok(!long.slots[0].adminSocket.startsWith(long.dir));
  await state.release();
});

test('a short directory that somebody else prepared is refused', async () => {
  await using dir = await temporaryDir();
  const path = join(dir.path, 'x'.repeat(120));
  const made = await openStateDir({ path, tmp: dir.path });
  const shared = join(dir.path, made.xdsSocket.slice(dir.path.length + 1).split('/')[0] ?? '');
  await chmod(shared, 0o777);
  await made.release();
  await mkdir(shared, { recursive: true });
  await chmod(shared, 0o777);
  await assert.rejects(openStateDir({ path, tmp: dir.path }), /is not a private directory of this user/);
  const elsewhere = join(dir.path, 'elsewhere');
  await mkdir(elsewhere, { mode: 0o700 });
  const { rmdir } = await import('node:fs/promises');
  await rmdir(shared);
  await symlink(elsewhere, shared);
  await assert.rejects(openStateDir({ path, tmp: dir.path }), /is not a private directory of this user/);
});

test('directories of proxies are readable, safe, and never shared', () => {
  assert.equal(proxyDirName('default/my.gateway-1'), 'default_my.gateway-1');
  const ids = ['a/b', 'a_b', 'a/b_c', 'a_b/c', 'A/b', '../../etc/passwd', 'a/../b', '', '.', '..', 'a/b/c', `a/${'x'.repeat(300)}`, `a/${'x'.repeat(301)}`];
  const names = ids.map(proxyDirName);
  assert.equal(new Set(names).size, ids.length);
  for (const name of names) assert.match(name, /^[A-Za-z0-9_@][A-Za-z0-9_@.-]{0,140}$/);
});
