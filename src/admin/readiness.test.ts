import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proxyProgress } from './progress.ts';
import { notReadyReasons, type ReadinessFacts } from './readiness.ts';
import type { XdsType } from '../xds/server/types.ts';

const proxy: ReadinessFacts['proxies'][number] = { id: 'default/web', state: 'running', connected: 1, resources: { total: 3, acked: 3, pending: 0, nacked: 0 }, open: [] };

function reasons(facts: Partial<ReadinessFacts>): string[] {
  return notReadyReasons({ phase: undefined, unresolvedPorts: [], portless: [], proxies: [], ...facts });
}

test('all is served when every wanted Envoy is live and has acknowledged everything', () => {
  assert.deepEqual(reasons({ proxies: [proxy] }), []);
  assert.deepEqual(reasons({}), []);
});

test('before there is anything to serve, only what the program is busy with counts', () => {
  assert.deepEqual(reasons({ phase: 'files are being read', unresolvedPorts: ['a/b/80'] }), ['files are being read']);
});

test('each thing that is missing is named', () => {
  assert.deepEqual(
    reasons({
      unresolvedPorts: ['default/web/80'],
      portless: [{ gateway: 'default/shop', error: 'port 443 is taken' }],
      proxies: [
        { ...proxy, id: 'a/dead', state: 'backoff', message: 'exited with 1' },
        { ...proxy, id: 'a/away', connected: 0 },
        { ...proxy, id: 'a/late', resources: { total: 3, acked: 2, pending: 1, nacked: 0 }, open: ['RDS x: pending'] },
      ],
    }),
    [
      'port default/web/80 is not settled yet',
      'Gateway default/shop is not served: port 443 is taken',
      'Envoy of a/dead is not live: exited with 1',
      'Envoy of a/away is not connected',
      'Envoy of a/late has not acknowledged 1 of 3 resources: RDS x: pending',
    ],
  );
});

type State = 'acked' | 'pending' | 'nacked' | 'unsent';

/** Progress of a proxy with route configurations, each with its state at every connected Envoy. */
function progress(routes: Readonly<Record<string, readonly State[]>>, unwanted: readonly string[] = []) {
  return proxyProgress('default/web', {
    store: { names: (_proxy: string, type: XdsType) => (type === 'RDS' ? Object.keys(routes) : []) },
    ackState: (_proxy, _type, name) => (routes[name] ?? []).map((state) => (state === 'nacked' ? { state, message: 'bad regex' } : { state })),
    connected: () => 1,
    isWanted: (_type, name) => !unwanted.includes(name),
  });
}

test('the Envoy that is furthest behind counts', () => {
  assert.deepEqual(progress({ a: ['acked', 'acked'], b: ['acked', 'pending'], c: ['pending', 'nacked'], d: ['unsent'], e: [] }), {
    total: 5, acked: 1, pending: 3, nacked: 1, connected: 1, open: ['RDS b: pending', 'RDS c: refused: bad regex', 'RDS d: pending', 'RDS e: pending'],
  });
});

test('what Envoy has no reason to ask for is not waited for', () => {
  assert.deepEqual(progress({ a: ['acked'], b: ['unsent'] }, ['b']), { total: 1, acked: 1, pending: 0, nacked: 0, connected: 1, open: [] });
});
