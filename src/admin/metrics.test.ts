import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metrics } from './metrics.ts';

function metrics(): Metrics {
  return new Metrics({
    version: '1.2.3',
    ads: () => ({ streams: 2, connects: 5, pushes: 7, bytes: 900, acks: 6, nacks: 1, overdue: 0 }),
    proxies: () => [{ kind: 'running', pid: 1, adopted: false }, { kind: 'stopped' }],
    problems: () => [{ severity: 'error' }, { severity: 'error' }],
    objects: () => [['Gateway', 3]],
    ready: () => false,
  });
}

async function values(subject: Metrics): Promise<ReadonlyMap<string, number>> {
  const { body } = await subject.text();
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

test('every name begins with moongate_', async () => {
  assert.deepEqual([...(await values(metrics())).keys()].filter((name) => !name.startsWith('moongate_')), []);
});

test('what is counted elsewhere is read anew each time', async () => {
  const subject = metrics();
  await subject.text();
  const found = await values(subject);
  const expected = {
    'moongate_xds_streams': 2,
    'moongate_xds_pushes_total': 7,
    'moongate_xds_nacks_total': 1,
    'moongate_proxies{state="running"}': 1,
    'moongate_proxies{state="backoff"}': 0,
    'moongate_file_problems{severity="error"}': 2,
    'moongate_file_problems{severity="warning"}': 0,
    'moongate_objects{kind="Gateway"}': 3,
    'moongate_ready': 0,
  };
  assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, found.get(name)])), expected);
});

test('a process with another pid is a restart, a proxy that stopped starts anew', async () => {
  const subject = metrics();
  subject.proxyChanged('a/b', { kind: 'starting', pid: 1 });
  subject.proxyChanged('a/b', { kind: 'running', pid: 1, adopted: false });
  assert.equal(subject.restarts('a/b'), 0);
  subject.proxyChanged('a/b', { kind: 'backoff', reason: 'killed', failures: 1, delayMs: 100 });
  subject.proxyChanged('a/b', { kind: 'starting', pid: 2 });
  subject.proxyChanged('a/b', { kind: 'running', pid: 2, adopted: false });
  assert.equal(subject.restarts('a/b'), 1);
  assert.equal((await values(subject)).get('moongate_proxy_restarts_total{proxy="a/b"}'), 1);
  subject.proxyChanged('a/b', { kind: 'stopped' });
  subject.proxyChanged('a/b', { kind: 'running', pid: 3, adopted: false });
  assert.equal(subject.restarts('a/b'), 0);
});

test('the first push after a change is its latency; one that comes much later is about something else', async () => {
  const subject = metrics();
  subject.pushed(1);
  subject.changed(100);
  subject.pushed(104);
  subject.pushed(109);
  subject.changed(200);
  subject.pushed(5_000);
  const found = await values(subject);
  assert.deepEqual([found.get('moongate_change_to_push_seconds_count'), found.get('moongate_change_to_push_seconds_sum')], [1, 0.004]);
});
