import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { silentLog } from '../util/log.ts';
import { fieldsOf, listOf, type Fields } from './plan/fields.ts';
import { FakeStatuses, kubeError, ManualTiming } from './testing.ts';
import type { WantedStatus } from './wanted-status.ts';
import { StatusWriter } from './writer.ts';

const keys = ['a/x', 'a/y', 'b/z'] as const;
/** Those after which the writer goes on by itself. After a 404 or a 422 it waits for a change. */
const failures = [0, 403, 409, 429, 500, 503] as const;

const key = fc.constantFrom(...keys);
const number = fc.integer({ min: 0, max: 3 });

/** What happens to a cluster with one writer. */
const event = fc.oneof(
  fc.record({ what: fc.constant('want' as const), key, number }),
  fc.record({ what: fc.constant('unwant' as const), key }),
  fc.record({ what: fc.constant('create' as const), key }),
  fc.record({ what: fc.constant('delete' as const), key }),
  fc.record({ what: fc.constant('foreign' as const), key, number }),
  fc.record({ what: fc.constant('rewrite' as const), key }),
  fc.record({ what: fc.constant('fail' as const), code: fc.constantFrom(...failures), number }),
  fc.record({ what: fc.constant('lose answer' as const) }),
  fc.record({ what: fc.constant('lead' as const), on: fc.boolean() }),
  fc.record({ what: fc.constant('early timers' as const), ms: fc.constantFrom(0, 0.4) }),
  fc.record({ what: fc.constant('lag' as const), ms: fc.constantFrom(0, 5, 50, 3_000) }),
  fc.record({ what: fc.constant('pass' as const), ms: fc.constantFrom(1, 3, 20, 300, 5_000) }),
);

function entry(controllerName: string, message: string): Fields {
  return { parentRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' }, controllerName, conditions: [{ type: 'Accepted', status: 'True', reason: 'A', message, observedGeneration: 1 }] };
}

function said(status: Fields | undefined): string[] {
  return listOf(status?.['parents']).map((parent) => `${String(fieldsOf(parent)['controllerName'])} ${String(fieldsOf(listOf(fieldsOf(parent)['conditions'])[0])['message'])}`).sort();
}

test('whatever happens, in the end each object says what is wanted, and what others wrote', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 60, size: 'max' }), async (events) => {
      const timing = new ManualTiming();
      const api = new FakeStatuses(timing);
      const writer = new StatusWriter({ api, log: silentLog, timing, controllerNames: ['ours'], observed: api.observed, date: () => new Date(timing.now()) });
      api.onObserved = (kind, name) => writer.observedChanged(kind, name);
      const wanted = new Map<string, WantedStatus>();
      /** The stupid twin: what others said of each object that there is. */
      const foreign = new Map<string, string | undefined>();
      const toFail: number[] = [];
      api.onPatch = () => {
        const code = toFail.pop();
        return code === undefined ? undefined : kubeError(code, 'Fault');
      };
      function want(name: string, status: Fields | undefined): void {
        const before = wanted.get(name);
        const after = status === undefined ? undefined : { kind: 'HTTPRoute', key: name, status };
        if (after === undefined) wanted.delete(name);
        else wanted.set(name, after);
        writer.want(new Map([[name, { before, after }]]));
      }
      function rewrite(name: string, others: string | undefined, mine: readonly Fields[]): void {
        foreign.set(name, others);
        api.put('HTTPRoute', name, { parents: [...(others === undefined ? [] : [entry('theirs', others)]), ...mine] });
      }
      for (const it of events) {
        switch (it.what) {
          case 'want':
            want(it.key, { parents: [entry('ours', `${it.number}`)] });
            break;
          case 'unwant':
            want(it.key, undefined);
            break;
          case 'create':
            if (!foreign.has(it.key)) rewrite(it.key, undefined, []);
            break;
          case 'delete':
            if (foreign.delete(it.key)) api.delete('HTTPRoute', it.key);
            break;
          case 'foreign':
            // Another controller that keeps our entries, as it should.
            if (foreign.has(it.key)) rewrite(it.key, `${it.number}`, listOf(api.status('HTTPRoute', it.key)?.['parents']).map(fieldsOf).filter((parent) => parent['controllerName'] === 'ours'));
            break;
          case 'rewrite':
            if (foreign.has(it.key)) rewrite(it.key, foreign.get(it.key), [entry('ours', 'rubbish')]);
            break;
          case 'fail':
            toFail.push(...Array.from({ length: it.number }, () => it.code));
            break;
          case 'lose answer':
            writer.setWriting(false);
            writer.setWriting(true);
            break;
          case 'lead':
            writer.setWriting(it.on);
            break;
          case 'lag':
            api.lagMs = it.ms;
            break;
          case 'early timers':
            timing.earlyMs = it.ms;
            break;
          case 'pass':
            await timing.advance(it.ms);
            break;
        }
      }
      toFail.length = 0;
      writer.setWriting(true);
      // Longer than any back-off.
      await timing.advance(1_000_000);
      const expected = keys.map((name) => {
        if (!foreign.has(name)) return undefined;
        const others = foreign.get(name);
        const status = wanted.get(name)?.status;
        return [...(status === undefined ? [] : said(fieldsOf(status))), ...(others === undefined ? [] : [`theirs ${others}`])];
      });
      assert.deepEqual(keys.map((name) => (foreign.has(name) ? said(api.status('HTTPRoute', name)) : undefined)), expected);
      assert.equal(writer.pending, 0);
      const before = api.patches.length;
      await timing.advance(1_000_000);
      assert.equal(api.patches.length, before, 'and then there is peace');
      await writer.stop();
    }),
    { numRuns: 300 },
  );
});
