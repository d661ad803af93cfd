import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testEndpoint, testPrefixIndex, testPrompt, testRequest } from '../../testing.ts';
import { newDecision, type Decider, type Decision, type Filter, type Picker } from '../plugin.ts';
import { isRefusal, statusOf, type ProfileHandler } from '../profile-handler.ts';
import { Profile } from '../profile.ts';
import { Scheduler } from '../scheduler.ts';
import { alwaysDisaggMultimodalDecider, alwaysDisaggPdDecider } from './deciders/always-deciders.ts';
import { prefixBasedPdDecider } from './deciders/prefix-based-pd-decider.ts';
import { decodeFilter, encodeFilter, prefillFilter } from './filters/role-filters.ts';
import { dataParallelProfileHandler } from './handlers/data-parallel-profile-handler.ts';
import { disaggProfileHandler } from './handlers/disagg-profile-handler.ts';
import { headerProfileHandler } from './handlers/header-profile-handler.ts';
import { singleProfileHandler } from './handlers/single-profile-handler.ts';
import { maxScorePicker } from './pickers/max-score-picker.ts';
import { made } from './testing.ts';

const filters = { decode: decodeFilter, prefill: prefillFilter, encode: encodeFilter };

function scheduler(handler: ProfileHandler, ...names: (keyof typeof filters)[]): Scheduler {
  const profiles = names.map((name) => new Profile({ name, filters: [made<Filter>(filters[name])], scorers: [], picker: made<Picker>(maxScorePicker, { maxNumOfEndpoints: 2 }) }));
  return new Scheduler({ producers: [], handler, profiles, observers: [], sleep: () => new Promise(() => {}) });
}

const server = (slot: number, role: string) => testEndpoint(slot, { labels: { 'llm-d.ai/role': role } });
const pool = [server(0, 'decode'), server(1, 'prefill'), server(2, 'encode'), server(3, 'encode')];
const plain = () => newDecision(testRequest(), 0);
const always = made<Decider>(alwaysDisaggPdDecider);
const media = made<Decider>(alwaysDisaggMultimodalDecider);

const disagg = (parameters: object) => made<ProfileHandler>(disaggProfileHandler, parameters, { plugins: { always, media } });

function summary(outcome: ReturnType<Scheduler['pick']>) {
  return isRefusal(outcome) ? { ...outcome, status: statusOf(outcome) } : { addresses: outcome.addresses, stages: outcome.assignments.map(({ stage, endpoint }) => `${stage} ${endpoint.slot}`), headers: Object.fromEntries(outcome.headers), missing: outcome.missing };
}

test('one profile: its servers, or the filter that took the last one', () => {
  const one = scheduler(made(singleProfileHandler), 'decode');
  assert.deepEqual(summary(one.pick(plain(), pool)), { addresses: ['10.0.0.0:8000'], stages: ['decode 0'], headers: {}, missing: [] });
  assert.deepEqual(summary(one.pick(plain(), pool.slice(1))), { kind: 'filtered', profile: 'decode', filter: 'decode-filter', status: 429 });
  assert.deepEqual(summary(one.pick(plain(), [])), { kind: 'no-endpoints', status: 503 });
});

test('a header names the profile', () => {
  const pick = (value: string | undefined, ...names: ('decode' | 'prefill')[]) => summary(scheduler(made(headerProfileHandler), ...names).pick(newDecision(testRequest({ headers: value === undefined ? {} : { 'epp-profile': value } }), 0), pool));
  assert.deepEqual(pick('prefill', 'decode', 'prefill').addresses, ['10.0.0.1:8000']);
  assert.deepEqual(pick(undefined, 'decode', 'prefill').addresses, ['10.0.0.0:8000']);
  assert.deepEqual(pick('nonsense', 'decode').addresses, ['10.0.0.0:8000'], 'there is only one');
  assert.deepEqual(pick('x\ny', 'decode', 'prefill'), { kind: 'no-profile', message: 'header epp-profile names no scheduling profile: "x\\u000ay"', status: 400 });
});

test('data parallel: one port, and the rank in a header that clients cannot set', () => {
  const outcome = scheduler(made(dataParallelProfileHandler, { primaryPort: 9000 }), 'decode').pick(plain(), [testEndpoint(0, { port: 8003 })]);
  assert.deepEqual(summary(outcome), { addresses: ['10.0.0.0:9000'], stages: ['decode 0'], headers: { 'x-data-parallel-host-port': '10.0.0.0:8003' }, missing: [] });
  assert.ok(!isRefusal(outcome));
  assert.deepEqual(outcome.removeHeaders, ['x-data-parallel-host-port']);
});

test('disaggregation: stages have servers of their own where deciders say so', () => {
  const pick = (parameters: object, decision: Decision, servers = pool) => summary(scheduler(disagg(parameters), 'decode', 'prefill', 'encode').pick(decision, servers));
  const picture = newDecision(testRequest({ mediaItems: 1 }), 0);
  assert.deepEqual(pick({}, plain()), { addresses: ['10.0.0.0:8000'], stages: ['decode 0'], headers: {}, missing: [] });
  assert.deepEqual(pick({ deciders: { prefill: 'always', encode: 'media' } }, plain()), { addresses: ['10.0.0.0:8000'], stages: ['decode 0', 'prefill 1'], headers: { 'x-prefiller-host-port': '10.0.0.1:8000' }, missing: [] });
  const all = pick({ deciders: { prefill: 'always', encode: 'media' } }, picture);
  assert.deepEqual([all.stages?.slice(0, 2), all.stages?.slice(2).sort()], [['decode 0', 'prefill 1'], ['encode 2', 'encode 3']]);
  assert.deepEqual(Object.keys(all.headers ?? {}), ['x-prefiller-host-port', 'x-encoder-hosts-ports']);
  assert.equal(picture.peer?.slot, 0, 'the prefill server may be chosen near the one that decodes');
  assert.deepEqual(pick({ stageOrder: 'prefill-first' }, plain()).stages, ['decode 0', 'prefill 1']);
  assert.deepEqual(pick({ deciderPluginName: 'always' }, plain()).stages, ['decode 0', 'prefill 1'], 'the former parameter');
});

test('disaggregation: a stage that finds nobody is done by the server that decodes, and is told', () => {
  const pick = (servers: typeof pool) => summary(scheduler(disagg({ deciders: { prefill: 'always' } }), 'decode', 'prefill').pick(plain(), servers));
  assert.deepEqual(pick(pool.slice(0, 1)), { addresses: ['10.0.0.0:8000'], stages: ['decode 0'], headers: {}, missing: ['prefill'] });
  assert.deepEqual(pick(pool.slice(1)), { kind: 'filtered', profile: 'decode', filter: 'decode-filter', status: 429 });
});

test('prefix-based-pd-decider: by what the decoding server has not cached', () => {
  const index = testPrefixIndex();
  const prompt = testPrompt(1, 2, 3, 4);
  index.add(testPrompt(1, 2), testEndpoint(0));
  const decision = newDecision(testRequest({ prompt, promptTokens: 256 }), 0);
  decision.prefixes.set('approx-prefix-cache-producer', index.match(prompt, pool));
  const decides = (parameters: object, endpoint = pool[0]) => made<Decider>(prefixBasedPdDecider, parameters).disaggregate(decision, endpoint);
  assert.deepEqual([decides({}), decides({ nonCachedTokens: 128 }), decides({ nonCachedTokens: 129 }), decides({ nonCachedTokens: 129 }, pool[1]), decides({ nonCachedTokens: 1, promptTokens: 257 })], [false, true, false, true, false]);
});
