import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { test } from 'node:test';
import { defaultConfig } from '../config/default-config.ts';
import { readConfig } from '../config/read-config.ts';
import { Account } from '../endpoints/account.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { testEndpoint, testPrefixIndex, testPrompt, testRandom, testRequest } from '../testing.ts';
import { buildScheduling } from './build.ts';
import { PickLog } from './pick-log.ts';
import { newDecision, type DataProducer, type Picker, type Scorer } from './plugin.ts';
import { isRefusal, statusOf, onlyResult } from './profile-handler.ts';
import { Profile } from './profile.ts';
import { Scheduler } from './scheduler.ts';

const never = () => new Promise<never>(() => {});

/** A pool with the default profile, that sends and accounts. */
function defaultPool(endpoints: readonly Endpoint[], seed = 1) {
  const { scheduler, tokenCost } = buildScheduling(defaultConfig(), { random: testRandom(seed), prefixIndex: testPrefixIndex, sleep: never });
  const account = new Account({ observers: scheduler.observers, cost: tokenCost });
  return (prompt: ReturnType<typeof testPrompt> | undefined) => {
    const decision = newDecision(testRequest({ prompt, promptTokens: (prompt?.blocks ?? 1) * 64 }), 0);
    assert.equal(scheduler.prepare(decision, endpoints), undefined);
    const outcome = scheduler.pick(decision, endpoints);
    assert.ok(!isRefusal(outcome));
    return { endpoint: outcome.primary.endpoints[0] as Endpoint, reservation: account.reserve(decision, outcome) };
  };
}

const bursts: readonly { what: string; servers: number; prompt: (i: number) => ReturnType<typeof testPrompt> | undefined; server?: Parameters<typeof testEndpoint>[1]; warm?: boolean }[] = [
  { what: 'one prompt that nobody has cached', servers: 4, prompt: () => testPrompt(1, 2, 3, 4) },
  { what: 'one prompt that one server has cached', servers: 8, prompt: () => testPrompt(1, 2, 3, 4), warm: true },
  { what: 'one prompt, many servers', servers: 100, prompt: () => testPrompt(1, 2, 3, 4), warm: true },
  { what: 'different prompts', servers: 4, prompt: (i) => testPrompt(i, i + 1000) },
  { what: 'prompts that begin alike', servers: 5, prompt: (i) => testPrompt(1, 2, 3, i + 1000) },
  { what: 'requests without a prompt', servers: 8, prompt: () => undefined },
  { what: 'one prompt, to servers that have a queue', servers: 8, prompt: () => testPrompt(1, 2), server: { waiting: 5, running: 40, kvCacheUsage: 0.7 } },
  { what: 'one prompt, to servers that are busy and have no queue', servers: 4, prompt: () => testPrompt(1, 2), server: { running: 10, kvCacheUsage: 0.3, blocks: 1000, blockSize: 16 } },
];

for (const { what, servers, prompt, server = {}, warm = false } of bursts) {
  test(`a burst of 200 requests between two scrapes spreads evenly: ${what}`, () => {
    const endpoints = Array.from({ length: servers }, (_, slot) => testEndpoint(slot, server));
    const send = defaultPool(endpoints);
    if (warm) send(prompt(0)).reservation.end();
    for (let i = 0; i < 200; i++) send(prompt(i));
    const loads = endpoints.map(({ inFlight }) => inFlight);
    assert.ok(Math.max(...loads) - Math.min(...loads) <= 1, loads.join(' '));
  });
}

test('a prompt goes to the server that has it cached, as long as that has not much more to do', () => {
  const endpoints = Array.from({ length: 4 }, (_, slot) => testEndpoint(slot));
  const send = defaultPool(endpoints);
  const conversation = (turn: number) => testPrompt(...Array.from({ length: turn + 1 }, (_, i) => i + 1));
  const home = send(conversation(1));
  home.reservation.end();
  for (let turn = 2; turn < 20; turn++) {
    const { endpoint, reservation } = send(conversation(turn));
    assert.equal(endpoint, home.endpoint);
    reservation.end();
  }
  home.endpoint.metrics = { ...home.endpoint.metrics, waiting: 9, kvCacheUsage: 0.9 };
  assert.notEqual(send(conversation(20)).endpoint, home.endpoint);
});

test('a busy pool keeps prompts where they are although scrapes lag behind', () => {
  const endpoints = Array.from({ length: 4 }, (_, slot) => testEndpoint(slot, { running: 60, inFlight: 60 }));
  const send = defaultPool(endpoints);
  const home = send(testPrompt(1, 2, 3, 4)).endpoint;
  // Two requests more than others were sent to it since the scrape.
  for (let i = 0; i < 4; i++) assert.equal(send(testPrompt(1, 2, 3, 4)).endpoint, home);
});

const lowestSlot: Picker = { name: 'p', type: 'p', pick: (_, candidates) => candidates.slice(0, 1) };
const handler = { name: 'h', type: 'h', next: (_: unknown, profiles: ReadonlySet<string>, results: ReadonlyMap<string, unknown>) => (results.size === 0 ? [...profiles][0] : undefined), finish: (_: unknown, results: ReadonlyMap<string, Parameters<typeof onlyResult>[0] | undefined>) => onlyResult(results.get('a') as Parameters<typeof onlyResult>[0]) };

test('totals are sums of weight × score, and scores are from 0 to 1 whatever a scorer says', () => {
  const says = (...scores: number[]): Scorer => ({ name: `s${scores.join(' ')}`, type: 's', score: (_, __, out) => out.set(scores) });
  const profile = new Profile({ name: 'a', filters: [], scorers: [{ scorer: says(2, NaN, -1), weight: 2 }, { scorer: says(0.5, 0.5, Infinity), weight: 0.5 }], picker: lowestSlot });
  profile.run(newDecision(testRequest(), 0), [testEndpoint(0), testEndpoint(1), testEndpoint(2)]);
  assert.deepEqual([...profile.totals.subarray(0, 3)], [2.25, 0.25, 0.5]);
});

test('a profile handler that never has enough, or asks for a profile that there is not, is a bug', () => {
  const pick = (next: string) =>
    new Scheduler({ producers: [], handler: { ...handler, next: () => next }, profiles: [new Profile({ name: 'a', filters: [], scorers: [], picker: lowestSlot })], observers: [], sleep: never }).pick(newDecision(testRequest(), 0), [testEndpoint(0)]);
  assert.throws(() => pick('a'), /asked for profile "a" after 16 others/);
  assert.throws(() => pick('b'), /asked for profile "b" after 0 others/);
});

test('producers run in order, and one that fails or takes too long is left behind', async () => {
  const log: string[] = [];
  const waits: (() => void)[] = [];
  const producer = (name: string, produce: DataProducer['produce']): DataProducer => ({ name, type: name, produce });
  const scheduler = new Scheduler({
    producers: [
      producer('throws', () => { throw new Error('broken'); }),
      producer('waits', () => Promise.resolve().then(() => void log.push('waited'))),
      producer('rejects', () => Promise.reject(new Error('refused'))),
      producer('hangs', never),
      producer('last', () => void log.push('last')),
    ],
    handler,
    profiles: [new Profile({ name: 'a', filters: [], scorers: [], picker: lowestSlot })],
    observers: [],
    sleep: () => new Promise<void>((resolve) => waits.push(resolve)),
    failed: ({ name }, reason) => void log.push(`${name}: ${reason}`),
  });
  const done = scheduler.prepare(newDecision(testRequest(), 0), [testEndpoint(0)]);
  assert.ok(done);
  for (let turns = 0; waits.length < 3 && turns < 100; turns++) await setImmediate();
  waits.forEach((resolve) => resolve());
  await done;
  assert.deepEqual(log, ['throws: broken', 'waited', 'rejects: refused', 'hangs: took more than 400 ms', 'last']);
});

test('admitters of a configuration are asked before a server is looked for', () => {
  const { config } = readConfig('{apiVersion: llm-d.ai/v1alpha1, kind: EndpointPickerConfig, plugins: [{type: queue-scorer}, {type: probabilistic-admitter, name: bouncer}]}');
  assert.ok(config);
  const { scheduler } = buildScheduling(config, { random: testRandom(), prefixIndex: testPrefixIndex, sleep: never });
  const outcome = (priority: number) => scheduler.pick(newDecision(testRequest({ priority }), 0), [testEndpoint(0, { waiting: 50 })]);
  const refusal = outcome(-1);
  assert.deepEqual(refusal, { kind: 'turned-away', admitter: 'bouncer' });
  assert.equal(statusOf(refusal), 429);
  assert.ok(!isRefusal(outcome(0)));
});

test('the log of picks says who was there, why, and what came of it', () => {
  const text = `apiVersion: llm-d.ai/v1alpha1
kind: EndpointPickerConfig
plugins: [{type: decode-filter}, {type: queue-scorer}, {type: kv-cache-utilization-scorer, name: kv}]
schedulingProfiles: [{name: a, plugins: [{pluginRef: decode-filter}, {pluginRef: queue-scorer, weight: 2}, {pluginRef: kv}]}]
`;
  const { config } = readConfig(text);
  assert.ok(config);
  const { scheduler } = buildScheduling(config, { random: testRandom(), prefixIndex: testPrefixIndex, sleep: never });
  const profile = scheduler.profiles.get('a');
  assert.ok(profile);
  const endpoints = [testEndpoint(0, { waiting: 1 }), testEndpoint(1, { kvCacheUsage: 0.5 }), testEndpoint(2, { labels: { 'llm-d.ai/role': 'prefill' } })];
  const log = new PickLog(2);
  const sequences = [1, 2, 3].map((now) => {
    const decision = newDecision(testRequest({ id: `r${now}` }), now);
    const outcome = scheduler.pick(decision, endpoints);
    assert.ok(!isRefusal(outcome));
    return log.record(decision, profile, outcome.primary.endpoints);
  });
  assert.deepEqual(sequences, [0, 1, 2]);
  log.outcome(0, 99, endpoints[0]);
  log.outcome(2, 50, endpoints[0]);
  const [latest, before, ...others] = log.latest();
  assert.deepEqual(latest, {
    sequence: 2,
    at: 3,
    requestId: 'r3',
    model: 'model',
    targetModel: 'model',
    profile: 'a',
    filters: [{ name: 'decode-filter', left: 2 }],
    candidates: [
      { name: 'default/pod-1-rank-0', total: 2.5, scores: { 'queue-scorer': { score: 1, weight: 2 }, kv: { score: 0.5, weight: 1 } } },
      { name: 'default/pod-0-rank-0', total: 1, scores: { 'queue-scorer': { score: 0, weight: 2 }, kv: { score: 1, weight: 1 } } },
    ],
    picked: ['default/pod-1-rank-0'],
    servedBy: 'default/pod-0-rank-0',
    endedAfter: 47,
  });
  assert.deepEqual([before?.requestId, before?.endedAfter, others], ['r2', undefined, []]);
  assert.equal(new PickLog(0).record(newDecision(testRequest(), 0), profile, []), undefined);
});
