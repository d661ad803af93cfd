import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HeldBytes } from './held-bytes.ts';
import { decodeProcessingRequest } from './processing-request.ts';
import type { CloseReason, Pick, RequestControl } from './request-handler.ts';
import { ExtProcStream } from './stream.ts';
import { Bytes, ModelEnvoy, type ModelMode } from './testing.ts';

type Step =
  | { readonly do: 'message'; readonly kind: 'headers' | 'body' | 'trailers'; readonly side: 'request' | 'response'; readonly size: number; readonly end: boolean }
  | { readonly do: 'answer'; readonly replaced: boolean }
  | { readonly do: 'reject' }
  | { readonly do: 'extend' };

const size = fc.oneof({ weight: 20, arbitrary: fc.nat(100) }, { weight: 1, arbitrary: fc.constantFrom(0, 61_999, 62_000, 62_001, 150_000) });
const message = fc.record({
  do: fc.constant('message' as const),
  kind: fc.oneof({ weight: 1, arbitrary: fc.constant('headers' as const) }, { weight: 4, arbitrary: fc.constant('body' as const) }, { weight: 1, arbitrary: fc.constant('trailers' as const) }),
  side: fc.constantFrom('request' as const, 'response' as const),
  size,
  end: fc.boolean(),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: message },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('answer' as const), replaced: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ do: 'reject' }, { do: 'extend' }) },
);
const mode = fc.constantFrom<ModelMode>('no-wait', 'streamed', 'none', 'buffered', 'duplex', 'unsaid');

/** When the handler decides by itself, within a call: after so many of its calls. */
const within = fc.option(fc.nat(4), { nil: undefined });

const maxBodyBytes = 200_000;
const newBody = Buffer.alloc(130_000, 'n');

interface Run {
  readonly envoy: ModelEnvoy;
  readonly closed: readonly CloseReason[];
  readonly started: boolean;
  readonly accepted: Pick | undefined;
  readonly held: HeldBytes;
  /** Bytes that the handler was shown. */
  readonly shown: Bytes;
}

/** Runs a stream through steps; those that Envoy would not take at that time are left out. Throws on anything that is not legal. */
function run(mode: ModelMode, responseDuplex: boolean, steps: readonly Step[], decideAfter: number | undefined, cut: boolean): Run {
  const envoy = new ModelEnvoy(mode, responseDuplex);
  const held = new HeldBytes(1_000_000);
  const closed: CloseReason[] = [];
  const shown = new Bytes();
  let started = false;
  let accepted: Pick | undefined;
  let control: RequestControl | undefined;
  let calls = 0;
  const answer = (replaced: boolean): void => {
    const pick: Pick = { endpoints: ['10.0.0.1:8000', '10.0.0.2:8000'], setHeaders: new Map([['x-a', 'b']]), dynamicMetadata: { 'envoy.lb': { more: 1 } }, ...(replaced && { body: newBody }) };
    if (control?.answer(pick) === true) {
      assert.equal(accepted, undefined);
      accepted = pick;
    }
  };
  const called = (): void => {
    assert.deepEqual(closed, [], 'a call after the end');
    if (calls++ === decideAfter) answer(false);
  };
  const stream = new ExtProcStream({
    send: (bytes) => envoy.accept(bytes),
    fail: (message) => assert.fail(message),
    limits: { maxBodyBytes, held },
    handler: (given) => {
      control = given;
      started = true;
      return {
        headers: called,
        body: (chunk) => {
          shown.add(chunk);
          called();
        },
        responseHeaders: () => (called(), undefined),
        responseBody: () => (called(), undefined),
        closed: (reason) => closed.push(reason),
      };
    },
  });
  // Every request begins with its headers.
  const begin: Step = { do: 'message', kind: 'headers', side: 'request', size: 0, end: steps[0]?.do === 'extend' };
  for (const step of [begin, ...steps]) {
    if (step.do === 'answer') answer(step.replaced);
    else if (step.do === 'reject') control?.reject({ status: 429 });
    else if (step.do === 'extend') control?.extend(1000);
    else {
      const bytes = envoy.next(step.kind, step.side, Buffer.alloc(step.size, step.size), step.end);
      if (bytes !== undefined) stream.receive(decodeProcessingRequest(bytes));
    }
  }
  if (!cut) answer(false);
  stream.closed();
  return { envoy, closed, started, accepted, held, shown };
}

const anything = [mode, fc.boolean(), fc.array(step, { maxLength: 30 }), within, fc.boolean()] as const;

test('whatever comes in whatever order, Envoy accepts every response, and the handler hears of the end once', () => {
  fc.assert(fc.property(...anything, (...program) => {
    const { closed, started, held } = run(...program);
    assert.equal(closed.length, started ? 1 : 0);
    assert.equal(held.used, 0);
  }), { numRuns: 1000 });
});

test('a request that was answered goes on, whole, to where it was sent', () => {
  let counted = 0;
  fc.assert(fc.property(...anything, (...program) => {
    const { envoy, accepted, shown, closed } = run(...program);
    if (accepted === undefined || envoy.immediate !== undefined) return;
    counted++;
    const { request } = envoy;
    const list = '10.0.0.1:8000,10.0.0.2:8000';
    assert.equal(request.headers, 'answered');
    assert.notEqual(request.trailers, 'asked');
    // What comes after the end of the answer is nothing to the handler.
    assert.ok(closed[0] === 'answered' || shown.equals(request.sent));
    // Where Envoy gathers the body, the pick may be in the answer to that.
    const isDue = envoy.mode !== 'buffered' || request.end || request.chunks > 0;
    const told = [envoy.set.get('x-gateway-destination-endpoint'), envoy.set.get('x-a'), envoy.metadata['envoy.lb']];
    assert.deepEqual(told, isDue || told[0] !== undefined ? [list, 'b', { more: 1, 'x-gateway-destination-endpoint': list }] : [undefined, undefined, undefined]);
    assert.ok(request.on.equals((request.chunks > 0 ? accepted.body : undefined) ?? request.sent), `${request.on.length} bytes go on`);
    assert.equal(envoy.isDuplex ? request.backEnd : request.asked.length === 0, envoy.isDuplex ? request.end && request.chunks > 0 : true);
  }), { numRuns: 1000 });
  assert.ok(counted > 200, `${counted} were answered`);
});

test('an answer comes back as it is, as long as Envoy is not told otherwise', () => {
  fc.assert(fc.property(...anything, (...program) => {
    const { envoy } = run(...program);
    if (envoy.immediate !== undefined) return;
    const { response } = envoy;
    assert.notEqual(response.headers, 'asked');
    assert.notEqual(response.trailers, 'asked');
    assert.equal(envoy.responseDuplex || response.asked.length === 0, true);
    assert.ok(response.on.equals(response.sent));
  }), { numRuns: 1000 });
});

test('bodies beyond the limit are refused, and only they', () => {
  fc.assert(fc.property(fc.array(size, { maxLength: 8 }), (sizes) => {
    const steps = sizes.map((size): Step => ({ do: 'message', kind: 'body', side: 'request', size, end: false }));
    const { envoy, closed } = run('duplex', true, steps, undefined, true);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const status = envoy.immediate?.response.case === 'immediateResponse' ? envoy.immediate.response.value.status?.code : undefined;
    assert.deepEqual([status, closed], total > maxBodyBytes ? [413, ['rejected']] : [undefined, ['cancelled']]);
  }));
});
