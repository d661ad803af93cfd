import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, fromBinary, toBinary, type JsonObject, type JsonValue, type MessageInitShape } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { ProcessingRequestSchema, type ProcessingRequest as Message } from '../../gen/envoy/service/ext_proc/v3/external_processor_pb.ts';
import { decodeProcessingRequest, Malformed, readHeaders, type ProcessingRequest } from './processing-request.ts';

type Init = MessageInitShape<typeof ProcessingRequestSchema>;

const bytesOf = (init: Init): Buffer => Buffer.from(toBinary(ProcessingRequestSchema, create(ProcessingRequestSchema, init)));

function decoded(bytes: Buffer): ProcessingRequest {
  const request = decodeProcessingRequest(bytes);
  if (request instanceof Malformed) throw new Error(request.reason);
  return request;
}

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const headerMap = fc.array(
  fc.tuple(fc.oneof(fc.constantFrom('x-a', 'X-A', ':path'), text), text, fc.boolean())
    .map(([key, value, raw]) => (raw ? { key, rawValue: Buffer.from(value) } : { key, value })),
  { maxLength: 8 },
).map((headers) => ({ headers }));
const body = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const value = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<JsonValue>;
const struct = fc.dictionary(
  fc.oneof(fc.constantFrom('x-gateway-destination-endpoint-subset', 'x-gateway-destination-endpoint-served'), text),
  fc.oneof(value, fc.array(fc.constantFrom('10.0.0.1:80', ' 10.0.0.2 ', '', '[::1]:80')), fc.constantFrom('10.0.0.1:80', '1.1.1.1, 2.2.2.2:80')),
  { noNullPrototype: true },
) as fc.Arbitrary<JsonObject>;
const option = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });

const phase = fc.oneof(
  fc.record({ case: fc.constantFrom('requestHeaders', 'responseHeaders'), value: fc.record({ headers: headerMap, endOfStream: fc.boolean(), attributes: fc.dictionary(text, struct, { maxKeys: 2 }) }) }),
  fc.record({ case: fc.constantFrom('requestBody', 'responseBody'), value: fc.record({ body, endOfStream: fc.boolean(), grpcMessageCompressed: fc.boolean() }) }),
  fc.record({ case: fc.constantFrom('requestTrailers', 'responseTrailers'), value: fc.record({ trailers: headerMap }) }),
  fc.constant({ case: undefined }),
);
const request = fc.record({
  request: phase,
  metadataContext: option(fc.record({ filterMetadata: fc.dictionary(fc.oneof(fc.constantFrom('envoy.lb', 'envoy.lb.subset_hint'), text), struct) })),
  attributes: fc.dictionary(text, struct, { maxKeys: 2 }),
  observabilityMode: fc.boolean(),
  protocolConfig: option(fc.record({ requestBodyMode: fc.nat(5), responseBodyMode: fc.nat(5), sendBodyWithoutWaitingForHeaderResponse: fc.boolean() })),
  flowControlInit: option(fc.record({ initialWindowDownstreamToSidestream: fc.bigInt(-1000n, 1n << 40n) })),
}) as fc.Arbitrary<Init>;

/** What a message says, by protobuf-es. */
function twin(message: Message): { request: ProcessingRequest; headers: Map<string, string> | undefined } {
  const { case: phase = 'none', value } = message.request;
  const headerMap = phase.endsWith('Headers') ? (value as { headers?: typeof noHeaders }).headers : phase.endsWith('Trailers') ? (value as { trailers?: typeof noHeaders }).trailers : undefined;
  const headers = new Map<string, string>();
  for (const { key, value, rawValue } of headerMap?.headers ?? []) {
    const given = rawValue.length > 0 ? Buffer.from(rawValue).toString() : value;
    const name = key.toLowerCase();
    headers.set(name, headers.has(name) ? `${headers.get(name)},${given}` : given);
  }
  const metadata = message.metadataContext?.filterMetadata ?? {};
  const hint = metadata['envoy.lb.subset_hint']?.['x-gateway-destination-endpoint-subset'];
  const list = hint === undefined ? undefined : (typeof hint === 'string' ? hint.split(',') : Array.isArray(hint) ? hint : []);
  const subset = list?.filter((each) => typeof each === 'string').map((each) => each.trim()).filter((each) => each !== '');
  const name = metadata['envoy.lb']?.['x-gateway-destination-endpoint-served'];
  const served = typeof name === 'string' && name !== '' ? name : undefined;
  const config = message.protocolConfig;
  return {
    headers: headerMap && headers,
    request: {
      phase,
      content: phase.endsWith('Body') ? Buffer.from((value as { body: Uint8Array }).body) : Buffer.alloc(0),
      endOfStream: value !== undefined && 'endOfStream' in value && value.endOfStream,
      metadata: subset === undefined && served === undefined ? undefined : { subset, served },
      protocol: config && { requestBodyMode: config.requestBodyMode, responseBodyMode: config.responseBodyMode, bodyBeforeAnswer: config.sendBodyWithoutWaitingForHeaderResponse },
    },
  };
}

const noHeaders: { headers: { key: string; value: string; rawValue: Uint8Array }[] } = { headers: [] };

test('messages are read as protobuf-es reads them', () => {
  fc.assert(fc.property(request, (init) => {
    const bytes = bytesOf(init);
    const expected = twin(fromBinary(ProcessingRequestSchema, bytes));
    const actual = decoded(bytes);
    const isHeaders = expected.headers !== undefined;
    assert.deepEqual(isHeaders ? { ...actual, content: expected.request.content } : actual, expected.request);
    assert.deepEqual(isHeaders ? readHeaders(actual.content) : undefined, expected.headers);
  }), { numRuns: 500 });
});

test('damaged messages are values, and throw nothing', () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 3 });
  let refused = 0;
  fc.assert(fc.property(request, damage, fc.nat(), (init, changes, cut) => {
    const bytes = bytesOf(init);
    for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
    const read = decodeProcessingRequest(bytes.subarray(0, bytes.length - (cut % 3)));
    if (read instanceof Malformed) refused++;
    else readHeaders(read.content);
  }), { numRuns: 2000 });
  assert.ok(refused > 100, `${refused} were refused`);
});

test('bytes of chance are values, and throw nothing', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (array) => {
    decodeProcessingRequest(Buffer.from(array));
    readHeaders(Buffer.from(array));
  }), { numRuns: 2000 });
});

test('a truncated message says so', () => {
  const bytes = bytesOf({ request: { case: 'requestBody', value: { body: Buffer.alloc(10) } } });
  const read = decodeProcessingRequest(bytes.subarray(0, 8));
  assert.deepEqual(read, new Malformed('ProcessingRequest: truncated field'));
});

test('a chunk of the body is not copied', () => {
  const bytes = bytesOf({ request: { case: 'requestBody', value: { body: Buffer.from('chunk') } } });
  const { content } = decoded(bytes);
  assert.equal(content.buffer, bytes.buffer);
});

test('metadata nested without end is read as far as that makes sense', () => {
  let value: JsonValue = 'x';
  for (let i = 0; i < 90; i++) value = [value];
  const metadata = { filterMetadata: { 'envoy.lb.subset_hint': { 'x-gateway-destination-endpoint-subset': value } } };
  assert.deepEqual(decoded(bytesOf({ metadataContext: metadata })).metadata, { subset: [], served: undefined });
});
