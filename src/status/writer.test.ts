import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { Log } from '../util/log.ts';
import { fieldsOf, listOf, type Fields } from './plan/fields.ts';
import { FakeStatuses, kubeError, ManualTiming } from './testing.ts';
import type { WantedStatus } from './wanted-status.ts';
import { StatusWriter, type StatusWrite } from './writer.ts';

const ours = 'gateway.envoyproxy.io/gatewayclass-controller';

function setup(options: { readonly writing?: boolean } = {}) {
  const timing = new ManualTiming();
  const api = new FakeStatuses(timing);
  const lines: { readonly message: string; readonly fields: Fields }[] = [];
  const note = (fields: object, message: string): void => void lines.push({ message, fields: fieldsOf(fields) });
  const log: Log = { debug() {}, info: note, warn: note, error: note };
  const writes: StatusWrite[] = [];
  const writer = new StatusWriter({
    api, log, timing, controllerNames: [ours], observed: api.observed, date: () => new Date(Date.UTC(2026, 0, 1) + timing.now()), onWrite: (write) => writes.push(write),
  });
  api.onObserved = (kind, key) => writer.observedChanged(kind, key);
  writer.setWriting(options.writing ?? true);
  const wanted = new Map<string, WantedStatus>();
  function want(kind: string, key: string, status: object | undefined): void {
    const id = `${kind}/${key}`;
    const before = wanted.get(id);
    const after = status === undefined ? undefined : { kind, key, status };
    if (after === undefined) wanted.delete(id);
    else wanted.set(id, after);
    writer.want(new Map([[key, { before, after }]]));
  }
  return { timing, api, lines, writes, writer, want };
}

function route(message = 'yes', controllerName = ours): Fields {
  return {
    parents: [{
      parentRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' },
      controllerName,
      conditions: [{ type: 'Accepted', status: 'True', reason: 'Accepted', message, observedGeneration: 1 }],
    }],
  };
}

function gateway(attachedRoutes: number): Fields {
  return { conditions: [], listeners: [{ name: 'http', attachedRoutes, supportedKinds: [], conditions: [] }] };
}

/** Who has an entry, with the message of its first condition. */
function entries(status: Fields | undefined): string[] {
  return listOf(status?.['parents']).map((entry) => `${String(fieldsOf(entry)['controllerName'])}: ${String(fieldsOf(listOf(fieldsOf(entry)['conditions'])[0])['message'])}`);
}

function attached(status: Fields | undefined): unknown {
  return fieldsOf(listOf(status?.['listeners'])[0])['attachedRoutes'];
}

describe('the writer', () => {
  test('writes what is wanted once, and the echo of it causes nothing', async () => {
    const { timing, api, want, writer, writes } = setup();
    api.put('HTTPRoute', 'a/r');
    want('HTTPRoute', 'a/r', route());
    await timing.advance(10_000);
    assert.deepEqual(entries(api.status('HTTPRoute', 'a/r')), [`${ours}: yes`]);
    assert.equal(api.patches.length, 1);
    assert.deepEqual(writes, [{ kind: 'HTTPRoute', outcome: 'written', durationMs: 5 }]);
    assert.equal(writer.pending, 0);
  });

  test('writes nothing where the status is as wanted', async () => {
    const { timing, api, want } = setup();
    api.put('HTTPRoute', 'a/r', route());
    want('HTTPRoute', 'a/r', route());
    await timing.advance(10_000);
    assert.equal(api.patches.length, 0);
  });

  test('waits for the object when the wish comes first', async () => {
    const { timing, api, want } = setup();
    want('HTTPRoute', 'a/r', route());
    await timing.advance(10_000);
    assert.equal(api.patches.length, 0);
    api.put('HTTPRoute', 'a/r');
    await timing.advance(1_000);
    assert.deepEqual(entries(api.status('HTTPRoute', 'a/r')), [`${ours}: yes`]);
  });

  test('trusts its own answers while the watch lags: the second write is made upon the first', async () => {
    const { timing, api, want } = setup();
    api.put('HTTPRoute', 'a/r');
    await timing.advance(100);
    api.lagMs = 5_000;
    want('HTTPRoute', 'a/r', route('one'));
    await timing.advance(1_000);
    want('HTTPRoute', 'a/r', route('two'));
    await timing.advance(1_000);
    assert.deepEqual(entries(api.status('HTTPRoute', 'a/r')), [`${ours}: two`]);
    await timing.advance(20_000);
    assert.equal(api.patches.length, 2, 'late echoes cause nothing');
  });

  test('writes nothing while another replica leads, and compares everything once when it leads', async () => {
    const { timing, api, want, writer } = setup({ writing: false });
    api.put('HTTPRoute', 'a/done', route());
    api.put('HTTPRoute', 'a/missing');
    api.put('HTTPRoute', 'a/left-over', route());
    api.put('HTTPRoute', 'a/foreign', route('no', 'other'));
    for (const key of ['a/done', 'a/missing']) want('HTTPRoute', key, route());
    await timing.advance(60_000);
    assert.equal(api.patches.length, 0);
    writer.setWriting(true);
    await timing.advance(1_000);
    assert.deepEqual(api.patches.map(({ key }) => key), ['a/missing', 'a/left-over']);
    assert.deepEqual(entries(api.status('HTTPRoute', 'a/left-over')), []);
    assert.deepEqual(entries(api.status('HTTPRoute', 'a/foreign')), ['other: no']);
  });

  test('stops in the middle of requests when it leads no more, and finds out later what became of them', async () => {
    const { timing, api, want, writer } = setup();
    api.put('HTTPRoute', 'a/r');
    await timing.advance(100);
    want('HTTPRoute', 'a/r', route());
    await timing.advance(3);
    assert.equal(api.inFlight, 1);
    writer.setWriting(false);
    await timing.advance(60_000);
    assert.equal(api.inFlight, 0);
    writer.setWriting(true);
    await timing.advance(1_000);
    assert.deepEqual(entries(api.status('HTTPRoute', 'a/r')), [`${ours}: yes`]);
    assert.equal(api.patches.length, 1);
    await writer.stop();
    want('HTTPRoute', 'a/r', route('late'));
    await timing.advance(60_000);
    assert.equal(api.patches.length, 1);
  });

  test('an object that passes from one collection to another keeps its status, in whatever order they tell', async () => {
    const { timing, api, writer } = setup();
    api.put('Gateway', 'a/g');
    const pending = { kind: 'Gateway', key: 'a/g', status: { conditions: [] } };
    const real = { kind: 'Gateway', key: 'a/g', status: gateway(1) };
    writer.want(new Map([['a/g', { before: undefined, after: pending }]]));
    writer.want(new Map([['a/g', { before: undefined, after: real }]]));
    writer.want(new Map([['a/g', { before: pending, after: undefined }]]));
    await timing.advance(1_000);
    assert.equal(attached(api.status('Gateway', 'a/g')), 1);
  });

  test('an object made again under its name gets its status again', async () => {
    const { timing, api, want } = setup();
    api.put('HTTPRoute', 'a/r');
    want('HTTPRoute', 'a/r', route());
    await timing.advance(1_000);
    api.delete('HTTPRoute', 'a/r');
    api.put('HTTPRoute', 'a/r', {});
    await timing.advance(1_000);
    assert.deepEqual(entries(api.status('HTTPRoute', 'a/r')), [`${ours}: yes`]);
  });

  test('takes our entries away from a route that is no longer ours, and leaves a Gateway alone', async () => {
    const { timing, api, want } = setup();
    api.put('HTTPRoute', 'a/r');
    api.put('Gateway', 'a/g');
    want('HTTPRoute', 'a/r', route());
    want('Gateway', 'a/g', gateway(3));
    await timing.advance(1_000);
    want('HTTPRoute', 'a/r', undefined);
    want('Gateway', 'a/g', undefined);
    await timing.advance(1_000);
    assert.deepEqual(api.status('HTTPRoute', 'a/r'), { parents: [] });
    assert.equal(attached(api.status('Gateway', 'a/g')), 3);
  });

  test('does not write again and again what the API server drops, and says so', async () => {
    const { timing, api, want, lines } = setup();
    api.prune = ({ attachedListenerSets: _dropped, ...status }) => status;
    api.put('Gateway', 'a/g');
    want('Gateway', 'a/g', { ...gateway(1), attachedListenerSets: 1 });
    await timing.advance(60_000);
    assert.equal(api.patches.length, 1);
    assert.match(lines.map(({ message }) => message).join('\n'), /^status: the API server drops fields of the status/);
    want('Gateway', 'a/g', { ...gateway(2), attachedListenerSets: 1 });
    await timing.advance(60_000);
    assert.equal(attached(api.status('Gateway', 'a/g')), 2);
    assert.equal(api.patches.length, 2);
  });
});

describe('a thousand routes that attach to one Gateway', () => {
  test('cost few writes of the Gateway, are all accepted soon, and are counted right in the end', async () => {
    const { timing, api, want } = setup();
    api.put('Gateway', 'a/g');
    for (let i = 1; i <= 1_000; i++) {
      api.put('HTTPRoute', `a/r${i}`);
      want('HTTPRoute', `a/r${i}`, route());
      want('Gateway', 'a/g', gateway(i));
      await timing.advance(2);
    }
    const last = timing.now();
    await timing.advance(3_000);
    const written = api.patches.filter(({ kind }) => kind === 'HTTPRoute');
    assert.equal(written.length, 1_000);
    assert.ok(Math.max(...written.map(({ at }) => at)) - last < 1_000, 'the last route is accepted within a second');
    assert.equal(attached(api.status('Gateway', 'a/g')), 1_000);
    assert.ok(api.patches.length - written.length <= 8, `${api.patches.length - written.length} writes of the Gateway`);
  });

  test('are at most 32 requests at a time when they come at once, and the Gateway does not wait behind them', async () => {
    const { timing, api, want } = setup();
    for (let i = 1; i <= 1_000; i++) {
      api.put('HTTPRoute', `a/r${i}`);
      want('HTTPRoute', `a/r${i}`, route());
    }
    api.put('Gateway', 'a/g');
    want('Gateway', 'a/g', gateway(1_000));
    await timing.advance(3_000);
    assert.equal(api.maxInFlight, 32);
    assert.equal(api.patches.length, 1_001);
    assert.ok(api.patches.findIndex(({ kind }) => kind === 'Gateway') < 600, 'first of the turn in which it is looked at');
  });
});

describe('conflicts', () => {
  for (const [sentence, lagMs] of [['when the watch tells', 5], ['when the watch hangs', Infinity]] as const) {
    test(`somebody else writes before each of our writes, and we get there, ${sentence}`, async () => {
      const { timing, api, want, writes } = setup();
      api.put('HTTPRoute', 'a/r');
      await timing.advance(100);
      api.lagMs = lagMs;
      let rounds = 0;
      api.onPatch = () => {
        if (rounds < 20) api.put('HTTPRoute', 'a/r', route(`round ${++rounds}`, 'other'));
        return undefined;
      };
      want('HTTPRoute', 'a/r', route());
      await timing.advance(60_000);
      assert.deepEqual(entries(api.status('HTTPRoute', 'a/r')), ['other: round 20', `${ours}: yes`]);
      assert.deepEqual(writes.map(({ outcome }) => outcome), [...Array.from({ length: 20 }, () => 'conflict'), 'written']);
    });
  }

  test('a conflict on every write of a thousand routes loses no route', async () => {
    const { timing, api, want } = setup();
    const met = new Set<string>();
    api.onPatch = ({ kind, key }) => {
      if (!met.has(key)) api.put(kind, key, route('other', 'other'));
      met.add(key);
      return undefined;
    };
    for (let i = 0; i < 1_000; i++) {
      api.put('HTTPRoute', `a/r${i}`);
      want('HTTPRoute', `a/r${i}`, route());
    }
    await timing.advance(5_000);
    const results = new Set(Array.from({ length: 1_000 }, (_, i) => entries(api.status('HTTPRoute', `a/r${i}`)).join()));
    assert.deepEqual([...results], [`other: other,${ours}: yes`]);
  });
});

describe('trouble', () => {
  test('an object that is gone is forgotten', async () => {
    const { timing, api, want, writes } = setup();
    api.put('HTTPRoute', 'a/r');
    await timing.advance(100);
    api.lagMs = Infinity;
    api.delete('HTTPRoute', 'a/r');
    want('HTTPRoute', 'a/r', route());
    await timing.advance(600_000);
    assert.deepEqual(writes.map(({ outcome }) => outcome), ['gone']);
  });

  test('what RBAC denies is told once for a kind with what is missing, tried seldom, and costs no other kind anything', async () => {
    const { timing, api, want, lines, writes } = setup();
    let denied = true;
    api.onPatch = ({ kind }) => (denied && kind === 'HTTPRoute' ? kubeError(403, 'Forbidden', 'cannot patch') : undefined);
    for (let i = 0; i < 100; i++) {
      api.put('HTTPRoute', `a/r${i}`);
      want('HTTPRoute', `a/r${i}`, route());
    }
    api.put('GRPCRoute', 'a/r');
    want('GRPCRoute', 'a/r', route());
    await timing.advance(600_000);
    assert.deepEqual(entries(api.status('GRPCRoute', 'a/r')), [`${ours}: yes`]);
    assert.deepEqual(lines.map(({ fields }) => [fields['kind'], fields['reason'], fields['needed']]), [['HTTPRoute', 'cannot patch', 'patch httproutes/status in gateway.networking.k8s.io']]);
    assert.ok(writes.filter(({ outcome }) => outcome === 'denied').length <= 32 * 8, 'few attempts in ten minutes');
    denied = false;
    await timing.advance(300_000);
    assert.equal(new Set(api.patches.map(({ key }) => key)).size, 101);
    assert.deepEqual(entries(api.status('HTTPRoute', 'a/r99')), [`${ours}: yes`]);
    assert.match(lines.at(-1)?.message ?? '', /again/);
    assert.equal(lines.length, 2);
  });

  test('a status that is refused is told of once, with its fields, and sent again when something changes', async () => {
    const { timing, api, want, lines } = setup();
    let invalid = true;
    api.onPatch = () => (invalid ? kubeError(422, 'Invalid', 'parents[0]: too long') : undefined);
    api.put('HTTPRoute', 'a/r');
    want('HTTPRoute', 'a/r', route('one'));
    await timing.advance(600_000);
    assert.equal(api.patches.length, 1);
    want('HTTPRoute', 'a/r', route('two'));
    await timing.advance(600_000);
    assert.equal(api.patches.length, 2);
    assert.deepEqual(lines.map(({ fields }) => [fields['object'], fields['reason']]), [['a/r', 'parents[0]: too long']]);
    invalid = false;
    api.put('HTTPRoute', 'a/r', route('there', 'other'));
    await timing.advance(600_000);
    assert.deepEqual(entries(api.status('HTTPRoute', 'a/r')), ['other: there', `${ours}: two`]);
  });

  for (const earlyMs of [0, 0.4]) {
    test(`while the API server is away one request at a time looks for it; then everything is written (timers ${earlyMs} ms early)`, async () => {
      const { timing, api, want, lines } = setup();
      timing.earlyMs = earlyMs;
      for (let i = 0; i < 100; i++) api.put('HTTPRoute', `a/r${i}`);
      await timing.advance(100);
      let away = true;
      api.onPatch = () => (away ? kubeError(0, 'Unreachable') : undefined);
      for (let i = 0; i < 100; i++) want('HTTPRoute', `a/r${i}`, route());
      await timing.advance(60_000);
      const inVain = api.patches.length;
      assert.ok(inVain <= 32 + 25, `${inVain} requests in a minute`);
      away = false;
      await timing.advance(6_000);
      assert.equal(api.patches.length, inVain + 100);
      assert.equal(lines.length, 2, 'told when it went and when it came');
    });
  }

  test('one object that fails again and again holds up nobody', async () => {
    const { timing, api, want, lines } = setup();
    api.onPatch = ({ key }) => (key === 'a/bad' ? kubeError(500, 'InternalError') : undefined);
    for (const key of ['a/bad', 'a/good']) {
      api.put('HTTPRoute', key);
      want('HTTPRoute', key, route());
    }
    await timing.advance(60_000);
    assert.deepEqual(entries(api.status('HTTPRoute', 'a/good')), [`${ours}: yes`]);
    const failed = api.patches.filter(({ key }) => key === 'a/bad').length;
    assert.ok(failed >= 5 && failed < 12, `${failed} attempts in a minute`);
    assert.equal(lines.length, 1);
  });

  test('against a writer that rewrites our entries we write less and less often, and say so once', async () => {
    const { timing, api, want, lines, writer } = setup();
    api.put('HTTPRoute', 'a/r');
    want('HTTPRoute', 'a/r', route('ours'));
    let rewritten = 0;
    api.onObserved = (kind, key) => {
      writer.observedChanged(kind, key);
      if (entries(api.status(kind, key))[0] !== `${ours}: ours`) return;
      rewritten++;
      api.put(kind, key, route('theirs'));
    };
    await timing.advance(3_600_000);
    assert.ok(rewritten > 10 && rewritten < 100, `${rewritten} rounds in an hour`);
    assert.equal(lines.length, 1);
    assert.match(lines[0]?.message ?? '', /another controller with our controllerName/);
    api.onObserved = (kind, key) => writer.observedChanged(kind, key);
    await timing.advance(120_000);
    assert.deepEqual(entries(api.status('HTTPRoute', 'a/r')), [`${ours}: ours`], 'ours is the last word');
  });
});
