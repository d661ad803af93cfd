import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newDecision, type Observer, type ProfileResult, type Stage } from '../scheduling/plugin.ts';
import type { SchedulingResult } from '../scheduling/profile-handler.ts';
import { testEndpoint, testPrefixIndex, testPrompt, testRequest } from '../testing.ts';
import { Account, type Reservation } from './account.ts';
import type { Endpoint } from './endpoint.ts';
import { defaultTokenCost, tokenCost } from './token-cost.ts';

function resultOf(servers: readonly (readonly [Endpoint, Stage])[]): SchedulingResult {
  const assignments = servers.map(([endpoint, stage]) => ({ endpoint, stage, result: { profile: stage, endpoints: [endpoint], candidates: [endpoint], totals: new Float64Array(1) } }));
  const primary = assignments[0]?.result as ProfileResult;
  return { primary, addresses: primary.endpoints.map(({ address }) => address), assignments, headers: [], removeHeaders: [], missing: [] };
}

const stateOf = ({ inFlight, inFlightTokens, inFlightByModel }: Endpoint) => ({ inFlight, inFlightTokens, models: Object.fromEntries(inFlightByModel) });
const nothing = { inFlight: 0, inFlightTokens: 0, models: {} };

test('a request counts from its pick to its end, its prompt to the first byte, its prefill server no longer than that', () => {
  const [decode, prefill] = [testEndpoint(0), testEndpoint(1)];
  const heard: string[] = [];
  const observer: Observer = {
    name: 'o', type: 'o',
    picked: (_, { endpoints }, stage) => void heard.push(`picked ${endpoints[0]?.slot} to ${stage}`),
    responded: (_, { slot }) => void heard.push(`responded ${slot}`),
    ended: (_, { slot }) => void heard.push(`ended ${slot}`),
  };
  const reservation = new Account({ observers: [observer] }).reserve(newDecision(testRequest({ promptTokens: 100 }), 0), resultOf([[decode, 'decode'], [prefill, 'prefill']]));
  assert.deepEqual([stateOf(decode), stateOf(prefill)], [{ inFlight: 1, inFlightTokens: 100, models: { model: 1 } }, { inFlight: 1, inFlightTokens: 100, models: { model: 1 } }]);
  reservation.firstByte();
  reservation.firstByte();
  assert.deepEqual([stateOf(decode), stateOf(prefill)], [{ inFlight: 1, inFlightTokens: 0, models: { model: 1 } }, nothing]);
  reservation.end();
  reservation.end();
  reservation.firstByte();
  assert.deepEqual([stateOf(decode), stateOf(prefill)], [nothing, nothing]);
  assert.deepEqual(heard, ['picked 0 to decode', 'picked 1 to prefill', 'responded 0', 'ended 0', 'ended 1']);
});

test('what the server has cached costs nothing, and estimated answers count to their end', () => {
  const [cold, warm] = [testEndpoint(0), testEndpoint(1)];
  const prompt = testPrompt(1, 2, 3);
  const index = testPrefixIndex();
  index.add(testPrompt(1, 2), testEndpoint(1));
  const decision = newDecision(testRequest({ promptTokens: 192, prompt, maxOutputTokens: 200 }), 0);
  decision.prefixes.set('approx-prefix-cache-producer', index.match(prompt, [cold, warm]));
  const cost = (endpoint: Endpoint, more: object = {}) => tokenCost(decision, endpoint, { ...defaultTokenCost, ...more });
  assert.deepEqual([cost(cold), cost(warm)], [192, 64]);
  const output = { addEstimatedOutputTokens: true };
  assert.deepEqual([cost(warm, output), cost(warm, { ...output, outputRatio: 0.5 }), cost(warm, { ...output, maxEstimatedOutputTokens: 10 })], [264, 160, 74]);
  const reservation = new Account({ cost: { ...defaultTokenCost, ...output } }).reserve(decision, resultOf([[warm, 'decode']]));
  reservation.firstByte();
  assert.equal(warm.inFlightTokens, 264);
  reservation.end();
  assert.deepEqual(stateOf(warm), nothing);
});

test('load moves to the server that the proxy fell back to', () => {
  const [first, second] = [testEndpoint(0), testEndpoint(1)];
  const heard: string[] = [];
  const observer: Observer = { name: 'o', type: 'o', picked: (_, { endpoints }) => void heard.push(`picked ${endpoints[0]?.slot}`), ended: (_, { slot }) => void heard.push(`ended ${slot}`) };
  const reservation = new Account({ observers: [observer] }).reserve(newDecision(testRequest({ promptTokens: 10 }), 0), resultOf([[first, 'decode']]));
  reservation.servedBy(second);
  reservation.servedBy(second);
  assert.deepEqual([stateOf(first), stateOf(second)], [nothing, { inFlight: 1, inFlightTokens: 10, models: { model: 1 } }]);
  reservation.end();
  reservation.servedBy(first);
  assert.deepEqual([stateOf(first), stateOf(second)], [nothing, nothing]);
  assert.deepEqual(heard, ['picked 0', 'picked 1', 'ended 1']);
});

/** What a reservation is in the twin: numbers that are added up from scratch. */
interface Twin {
  readonly model: string;
  servers: { slot: number; tokens: number; stage: Stage }[];
  answered: boolean;
}

test('whatever happens in whatever order, the account is what a twin adds up from scratch', () => {
  const stages = fc.constantFrom<Stage[]>(['decode'], ['decode', 'prefill'], ['decode', 'encode', 'encode']);
  const begin = fc.record({ kind: fc.constant('begin' as const), stages, slot: fc.nat(3), tokens: fc.nat(1000), model: fc.constantFrom('a', 'b') });
  const later = fc.record({ kind: fc.constantFrom('firstByte' as const, 'end' as const, 'served' as const), which: fc.nat(30), slot: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(fc.oneof(begin, later), { maxLength: 60 }), (steps) => {
      const endpoints = Array.from({ length: 4 }, (_, slot) => testEndpoint(slot));
      const account = new Account();
      const running: [Reservation, Twin][] = [];
      for (const step of steps) {
        if (step.kind === 'begin') {
          const servers = step.stages.map((stage, i) => ({ slot: (step.slot + i) % 4, tokens: step.tokens, stage }));
          const result = resultOf(servers.map(({ slot, stage }) => [endpoints[slot] as Endpoint, stage]));
          running.push([account.reserve(newDecision(testRequest({ promptTokens: step.tokens, targetModel: step.model }), 0), result), { model: step.model, servers, answered: false }]);
        } else {
          const [reservation, twin] = running[step.which % Math.max(1, running.length)] ?? [];
          if (reservation === undefined || twin === undefined) continue;
          const [first] = twin.servers;
          if (step.kind === 'firstByte') {
            reservation.firstByte();
            if (!twin.answered) twin.servers = twin.servers.filter(({ stage }) => stage === 'decode').map((server) => ({ ...server, tokens: 0 }));
            twin.answered = true;
          } else if (step.kind === 'end') {
            reservation.end();
            twin.servers = [];
          } else {
            reservation.servedBy(endpoints[step.slot] as Endpoint);
            if (first !== undefined) first.slot = step.slot;
          }
        }
        for (const { slot, ...endpoint } of endpoints) {
          const servers = running.flatMap(([, { servers, model }]) => servers.filter((server) => server.slot === slot).map((server) => ({ ...server, model })));
          assert.equal(endpoint.inFlight, servers.length);
          assert.equal(endpoint.inFlightTokens, servers.reduce((sum, { tokens }) => sum + tokens, 0));
          for (const model of ['a', 'b']) assert.equal(endpoint.inFlightByModel.get(model) ?? 0, servers.filter((server) => server.model === model).length);
        }
      }
      for (const [reservation] of running) reservation.end();
      for (const endpoint of endpoints) assert.deepEqual(stateOf(endpoint), nothing);
    }),
  );
});
