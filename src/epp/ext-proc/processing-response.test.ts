import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, fromBinary, toBinary, type JsonObject, type MessageInitShape } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { ProcessingResponseSchema, type BodyMutationSchema, type HeaderMutationSchema, type ProcessingResponse, type HeaderMutation } from '../../gen/envoy/service/ext_proc/v3/external_processor_pb.ts';
import { encodeBody, encodeChunk, encodeHeaders, encodeImmediate, encodeTimeout, encodeTrailers, type Changes, type Side } from './processing-response.ts';
import type { Struct } from './struct.ts';

type Init = MessageInitShape<typeof ProcessingResponseSchema>;

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const side = fc.constantFrom<Side>('request', 'response');
const headers = fc.dictionary(text, text).map((entries) => new Map(Object.entries(entries)));
// A number of metadata is a double; NaN and infinities are no JSON.
const struct = fc.dictionary(text, fc.jsonValue({ maxDepth: 3 }), { noNullPrototype: true }) as fc.Arbitrary<Struct>;
const option = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });
const changes = fc.record({ setHeaders: option(headers), removeHeaders: option(fc.array(text)), dynamicMetadata: option(struct), clearRouteCache: option(fc.boolean()) })
  .map((record) => Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Changes);
const body = fc.uint8Array({ maxLength: 300 });

function mutation(set: ReadonlyMap<string, string> = new Map(), remove: readonly string[] = []): MessageInitShape<typeof HeaderMutationSchema> | undefined {
  if (set.size + remove.length === 0) return undefined;
  const setHeaders = [...set].map(([key, value]) => ({ header: { key, rawValue: Buffer.from(value) }, appendAction: 2 as const, keepEmptyValue: value === '' }));
  return { setHeaders, removeHeaders: [...remove] };
}

const named = <S extends string>(side: Side, part: S): `${Side}${Capitalize<S>}` => `${side}${(part.slice(0, 1).toUpperCase() + part.slice(1)) as Capitalize<S>}`;

/** The same message, made by protobuf-es. */
function twin(init: Init, dynamicMetadata: Struct | undefined): ProcessingResponse {
  const message = create(ProcessingResponseSchema, { ...init, ...(dynamicMetadata && { dynamicMetadata: dynamicMetadata as JsonObject }) });
  return fromBinary(ProcessingResponseSchema, toBinary(ProcessingResponseSchema, message));
}

function common({ setHeaders, removeHeaders, clearRouteCache }: Changes, bodyMutation?: MessageInitShape<typeof BodyMutationSchema>) {
  const headerMutation = mutation(setHeaders, removeHeaders);
  return { response: { ...(headerMutation && { headerMutation }), ...(bodyMutation && { bodyMutation }), clearRouteCache: clearRouteCache === true } };
}

const read = (bytes: Buffer): ProcessingResponse => fromBinary(ProcessingResponseSchema, new Uint8Array(bytes));

test('headers', () => {
  fc.assert(fc.property(side, changes, (side, changes) => {
    assert.deepEqual(read(encodeHeaders(side, changes)), twin({ response: { case: named(side, 'headers'), value: common(changes) } }, changes.dynamicMetadata));
  }));
});

test('bodies', () => {
  fc.assert(fc.property(side, changes, option(body), (side, changes, body) => {
    const replaced = body === undefined ? undefined : { mutation: body.length === 0 ? { case: 'clearBody' as const, value: true } : { case: 'body' as const, value: body } };
    const expected = twin({ response: { case: named(side, 'body'), value: common(changes, replaced) } }, changes.dynamicMetadata);
    assert.deepEqual(read(encodeBody(side, { ...changes, ...(body && { body }) })), expected);
  }));
});

test('chunks', () => {
  fc.assert(fc.property(side, body, fc.boolean(), option(struct), (side, body, endOfStream, metadata) => {
    const streamed = { mutation: { case: 'streamedResponse' as const, value: { body, endOfStream } } };
    assert.deepEqual(read(encodeChunk(side, body, endOfStream, metadata)), twin({ response: { case: named(side, 'body'), value: common({}, streamed) } }, metadata));
  }));
});

test('trailers', () => {
  fc.assert(fc.property(side, changes, (side, changes) => {
    const headerMutation = mutation(changes.setHeaders, changes.removeHeaders) as HeaderMutation | undefined;
    const expected = twin({ response: { case: named(side, 'trailers'), value: headerMutation ? { headerMutation } : {} } }, changes.dynamicMetadata);
    assert.deepEqual(read(encodeTrailers(side, changes)), expected);
  }));
});

test('answers in place of the server', () => {
  fc.assert(fc.property(fc.integer({ min: 200, max: 599 }), headers, text, text, (status, headers, body, details) => {
    const set = mutation(headers);
    const value = { status: { code: status }, body: Buffer.from(body), details, ...(set && { headers: set }) } as const;
    assert.deepEqual(read(encodeImmediate({ status, headers, body, details })), twin({ response: { case: 'immediateResponse', value: value as never } }, undefined));
  }));
});

test('more time', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 100_000_000 }), (ms) => {
    const { overrideMessageTimeout } = read(encodeTimeout(ms));
    assert.equal(Number(overrideMessageTimeout?.seconds) * 1000 + (overrideMessageTimeout?.nanos ?? 0) / 1e6, ms);
  }));
});

test('a message that cannot be written spoils no other', () => {
  assert.throws(() => encodeHeaders('request', { setHeaders: new Map([['a', 'x'], ['b', 1 as unknown as string]]) }));
  assert.deepEqual(read(encodeHeaders('request')), twin({ response: { case: 'requestHeaders', value: { response: {} } } }, undefined));
});
