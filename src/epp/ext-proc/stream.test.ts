import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HeadersResponse, ProcessingResponse } from '../../gen/envoy/service/ext_proc/v3/external_processor_pb.ts';
import { HeldBytes } from './held-bytes.ts';
import { decodeProcessingRequest } from './processing-request.ts';
import type { Pick, RequestControl, RequestHandler, RequestHead } from './request-handler.ts';
import { ExtProcStream } from './stream.ts';
import { decode, encode, type RequestInit } from './testing.ts';

const STREAMED = 1;
const BUFFERED = 2;
const FULL_DUPLEX_STREAMED = 4;

const headers = (values: Record<string, string>) => ({ headers: Object.entries(values).map(([key, value]) => ({ key, rawValue: Buffer.from(value) })) });
const requestHeaders = (endOfStream = false): RequestInit => ({ request: { case: 'requestHeaders', value: { headers: headers({ ':path': '/v1', 'x-a': '1' }), endOfStream } } });
const requestBody = (body: string, endOfStream = false): RequestInit => ({ request: { case: 'requestBody', value: { body: Buffer.from(body), endOfStream } } });
const requestTrailers: RequestInit = { request: { case: 'requestTrailers', value: {} } };
const responseHeaders: RequestInit = { request: { case: 'responseHeaders', value: { headers: headers({ ':status': '200', 'transfer-encoding': 'chunked' }) } } };
const responseBody = (body: string, endOfStream = false): RequestInit => ({ request: { case: 'responseBody', value: { body: Buffer.from(body), endOfStream } } });
const responseTrailers: RequestInit = { request: { case: 'responseTrailers', value: {} } };

const modes = {
  'no-wait': { requestBodyMode: STREAMED, sendBodyWithoutWaitingForHeaderResponse: true },
  streamed: { requestBodyMode: STREAMED, responseBodyMode: STREAMED },
  buffered: { requestBodyMode: BUFFERED },
  duplex: { requestBodyMode: FULL_DUPLEX_STREAMED, responseBodyMode: FULL_DUPLEX_STREAMED },
} as const;

const pick: Pick = { endpoints: ['10.0.0.1:80', '10.0.0.2:80'] };

/** A stream, what came of it, and what its handler heard. */
class Probe {
  readonly sent: string[] = [];
  readonly messages: ProcessingResponse[] = [];
  readonly heard: string[] = [];
  readonly held = new HeldBytes(1_000);
  readonly stream: ExtProcStream;
  head: RequestHead | undefined;
  control: RequestControl | undefined;
  #mode: keyof typeof modes | undefined;

  constructor(mode: keyof typeof modes | undefined, handler: Partial<RequestHandler> = {}, maxBodyBytes = 1_000) {
    this.#mode = mode;
    this.stream = new ExtProcStream({
      send: (bytes) => {
        this.messages.push(decode(bytes));
        this.sent.push(shortly(decode(bytes)));
      },
      fail: (message) => this.sent.push(`FAIL ${message}`),
      limits: { maxBodyBytes, held: this.held },
      handler: (control) => {
        this.control = control;
        return {
          headers: (head) => {
            this.head = head;
            this.heard.push('headers');
          },
          body: (chunk, end) => this.heard.push(`body ${chunk.toString()}${end ? '.' : ''}`),
          served: (address) => this.heard.push(`served ${address}`),
          closed: (reason) => this.heard.push(reason),
          ...handler,
        };
      },
    });
  }

  /** Gives the stream messages, and what it sends for them. */
  take(...inits: readonly RequestInit[]): string[] {
    return this.during(() => {
      for (const init of inits) {
        const protocol = this.#mode && modes[this.#mode];
        this.#mode = undefined;
        this.stream.receive(decodeProcessingRequest(encode({ ...init, ...(protocol && { protocolConfig: protocol }) } as RequestInit)));
      }
    });
  }

  during(work: (control: RequestControl) => unknown): string[] {
    const before = this.sent.length;
    work(this.control as RequestControl);
    return this.sent.slice(before);
  }
}

/** Names of the headers that a response to headers or a body sets, and removes. */
function mutated(message: ProcessingResponse | undefined): { set: Record<string, string>; removed: string[] } {
  const { value } = message?.response ?? {};
  assert.ok(value !== undefined && 'response' in value);
  const { setHeaders = [], removeHeaders = [] } = (value as HeadersResponse).response?.headerMutation ?? {};
  return { set: Object.fromEntries(setHeaders.map(({ header }) => [header?.key, Buffer.from(header?.rawValue ?? []).toString()])), removed: removeHeaders };
}

/** A response in few words. */
function shortly({ response, overrideMessageTimeout }: ProcessingResponse): string {
  if (response.case === undefined) return `wait ${overrideMessageTimeout?.seconds}`;
  if (response.case === 'immediateResponse') return `immediate ${response.value.status?.code}`;
  if (!response.case.endsWith('Body')) return response.case;
  const mutation = (response.value as { response?: { bodyMutation?: { mutation: { case?: string; value?: unknown } } } }).response?.bodyMutation?.mutation;
  if (mutation === undefined) return response.case;
  if (mutation.case === 'clearBody') return `${response.case} clear`;
  const { body, endOfStream } = mutation.case === 'body' ? { body: mutation.value as Uint8Array, endOfStream: false } : (mutation.value as { body: Uint8Array; endOfStream: boolean });
  return `${response.case} ${mutation.case === 'body' ? '=' : ''}${Buffer.from(body).toString()}${endOfStream ? '.' : ''}`;
}

describe('streamed, without waiting', () => {
  test('chunks before the answer are answered behind it, later ones at once', () => {
    const probe = new Probe('no-wait');
    assert.deepEqual(probe.take(requestHeaders(), requestBody('a'), requestBody('b')), []);
    assert.deepEqual(probe.during((control) => control.answer(pick)), ['requestHeaders', 'requestBody', 'requestBody']);
    assert.deepEqual(probe.take(requestBody('c', true)), ['requestBody']);
    assert.deepEqual(probe.take(responseTrailers), ['responseTrailers']);
    assert.deepEqual(probe.heard, ['headers', 'body a', 'body b', 'body c.', 'answered']);
  });

  test('an answer from within a chunk is sent before the answer to the chunk', () => {
    const probe: Probe = new Probe('no-wait', { body: (_chunk, end) => void (end && probe.control?.answer(pick)) });
    assert.deepEqual(probe.take(requestHeaders(), requestBody('a'), requestBody('', true)), ['requestHeaders', 'requestBody', 'requestBody']);
  });

  test('a new body takes the place of the first chunk, and the others go', () => {
    const probe = new Probe('no-wait');
    probe.take(requestHeaders(), requestBody('a'), requestBody('b'));
    assert.deepEqual(probe.during((control) => control.answer({ ...pick, body: Buffer.from('new') })), ['requestHeaders', 'requestBody =new', 'requestBody clear']);
    assert.deepEqual(probe.take(requestBody('c', true)), ['requestBody clear']);
  });

  test('trailers of the request are answered last', () => {
    const probe = new Probe('no-wait');
    probe.take(requestHeaders(), requestBody('a'), requestTrailers);
    assert.deepEqual(probe.during((control) => control.answer(pick)), ['requestHeaders', 'requestBody', 'requestTrailers']);
    assert.deepEqual(probe.heard, ['headers', 'body a', 'body .']);
  });

  test('the end of the stream after the answer is the end of the request', () => {
    const probe = new Probe('no-wait');
    probe.take(requestHeaders(true));
    assert.deepEqual(probe.during((control) => control.answer(pick)), ['requestHeaders']);
    probe.stream.closed();
    probe.stream.closed();
    assert.deepEqual(probe.heard, ['headers', 'ended']);
  });
});

describe('full duplex', () => {
  test('the body is held until the answer, and comes back behind it', () => {
    const probe = new Probe('duplex');
    assert.deepEqual(probe.take(requestHeaders(), requestBody('a'), requestBody('b', true)), []);
    assert.equal(probe.held.used, 2);
    assert.deepEqual(probe.during((control) => control.answer(pick)), ['requestHeaders', 'requestBody ab.']);
    assert.equal(probe.held.used, 0);
    assert.deepEqual(probe.take(responseHeaders, responseBody('x'), responseBody(''), responseBody('y', true)), ['responseHeaders', 'responseBody x', 'responseBody y.']);
    assert.deepEqual(probe.heard, ['headers', 'body a', 'body b.', 'answered']);
  });

  test('a proxy that does not tell its modes is spoken to in the same way', () => {
    const probe = new Probe(undefined);
    probe.take(requestHeaders(), requestBody('a'), requestTrailers);
    assert.deepEqual(probe.during((control) => control.answer(pick)), ['requestHeaders', 'requestBody a', 'requestTrailers']);
    assert.deepEqual(probe.take(responseHeaders, responseBody('x'), responseTrailers), ['responseHeaders', 'responseBody x', 'responseTrailers']);
  });

  test('what comes after an early answer passes through', () => {
    const probe = new Probe('duplex');
    probe.take(requestHeaders(), requestBody('a'));
    probe.control?.answer(pick);
    assert.deepEqual(probe.take(requestBody('b'), requestBody('', true), requestBody('', true)), ['requestBody b', 'requestBody .']);
  });

  test('a new body stands for all that came and comes', () => {
    const probe = new Probe('duplex');
    probe.take(requestHeaders(), requestBody('a'));
    assert.deepEqual(probe.during((control) => control.answer({ ...pick, body: Buffer.from('new') })), ['requestHeaders', 'requestBody new']);
    assert.deepEqual(probe.take(requestBody('b'), requestBody('', true)), ['requestBody .']);
  });

  test('a body over its limit is refused, and is not held', () => {
    const probe = new Probe('duplex', {}, 3);
    assert.deepEqual(probe.take(requestHeaders(), requestBody('aa'), requestBody('bb'), requestBody('c', true)), ['immediate 413']);
    assert.deepEqual([probe.held.used, probe.control?.answer(pick), probe.heard.at(-1)], [0, false, 'rejected']);
  });

  test('a body for which there is no room among the others is refused', () => {
    const probe = new Probe('duplex');
    assert.ok(probe.held.take(999));
    assert.deepEqual(probe.take(requestHeaders(), requestBody('a'), requestBody('b')), ['immediate 503']);
    assert.equal(probe.held.used, 999);
  });

  test('an answer of Envoy itself settles a request that waits', () => {
    const probe = new Probe('duplex');
    probe.take(requestHeaders(), requestBody('a'));
    assert.deepEqual(probe.take(responseHeaders, requestBody('b'), responseBody('x', true)), ['responseHeaders', 'responseBody x.']);
    assert.deepEqual([probe.held.used, probe.control?.answer(pick), probe.heard.at(-1)], [0, false, 'cancelled']);
  });
});

test('where Envoy gathers the body the pick goes with the answer to it', () => {
  const probe = new Probe('buffered');
  assert.deepEqual(probe.take(requestHeaders()), ['requestHeaders']);
  assert.deepEqual(probe.take(requestBody('a', true)), []);
  assert.deepEqual(probe.during((control) => control.answer({ ...pick, body: Buffer.from('new') })), ['requestBody =new']);
  assert.deepEqual(mutated(probe.messages.at(-1)).set, { 'content-length': '3', 'x-gateway-destination-endpoint': '10.0.0.1:80,10.0.0.2:80' });
});

test('the handler is told whether a body comes before the answer', () => {
  const told = (['no-wait', 'streamed', 'buffered', 'duplex'] as const).map((mode) => {
    const probe = new Probe(mode);
    probe.take(requestHeaders());
    return probe.head?.bodyFollows;
  });
  assert.deepEqual(told, [true, false, true, true]);
  const bodiless = new Probe('duplex');
  bodiless.take(requestHeaders(true));
  assert.deepEqual([bodiless.head?.bodyFollows, bodiless.head?.endOfStream], [false, true]);
  assert.deepEqual(bodiless.head?.headers, new Map([[':path', '/v1'], ['x-a', '1']]));
});

test('a request may wait for a subset, and is told who served it', () => {
  const probe = new Probe('no-wait');
  const subset = { filterMetadata: { 'envoy.lb.subset_hint': { 'x-gateway-destination-endpoint-subset': ['10.0.0.1:80'] } } };
  const served = { filterMetadata: { 'envoy.lb': { 'x-gateway-destination-endpoint-served': '10.0.0.2:80' } } };
  probe.take({ ...requestHeaders(), metadataContext: subset } as RequestInit);
  assert.deepEqual(probe.head?.subset, ['10.0.0.1:80']);
  probe.control?.answer(pick);
  probe.take({ ...responseHeaders, metadataContext: served }, { ...responseTrailers, metadataContext: served });
  assert.deepEqual(probe.heard, ['headers', 'served 10.0.0.2:80', 'answered']);
});

test('a destination that the client wrote does not survive a request without a pick', () => {
  const probe = new Probe('no-wait');
  probe.take(requestHeaders(true));
  probe.control?.answer({ endpoints: [] });
  assert.deepEqual(mutated(probe.messages[0]), { set: {}, removed: ['x-gateway-destination-endpoint'] });
});

test('headers and chunks of the answer can be changed', () => {
  const probe: Probe = new Probe('duplex', {
    responseHeaders: ({ headers }) => ({ setHeaders: new Map([['x-seen', headers.get(':status') ?? '']]) }),
    responseBody: (chunk, end) => (chunk.length > 0 ? { body: Buffer.from(chunk.toString().toUpperCase()) } : end ? { body: Buffer.from('!'), dynamicMetadata: { 'envoy.lb': { cost: 3 } } } : undefined),
  });
  probe.take(requestHeaders(true));
  probe.control?.answer(pick);
  assert.deepEqual(probe.take(responseHeaders, responseBody('a'), responseBody('', true)), ['responseHeaders', 'responseBody A', 'responseBody !.']);
  assert.deepEqual(mutated(probe.messages[1]), { set: { 'x-seen': '200' }, removed: [] });
  assert.deepEqual(probe.messages.at(-1)?.dynamicMetadata, { 'envoy.lb': { cost: 3 } });
});

test('a request can be refused before its answer and after it, once', () => {
  for (const first of [false, true]) {
    const probe = new Probe('no-wait');
    probe.take(requestHeaders(), requestBody('a'));
    if (first) probe.control?.answer(pick);
    assert.deepEqual(probe.during((control) => control.reject({ status: 429, body: 'later' })), ['immediate 429']);
    assert.deepEqual(probe.during((control) => [control.reject({ status: 503 }), control.answer(pick), control.extend(1_000)]), []);
    assert.deepEqual(probe.take(requestBody('b'), responseTrailers), []);
    probe.stream.closed();
    assert.deepEqual(probe.heard.slice(2), ['rejected']);
  }
});

test('Envoy is asked to wait only while it does', () => {
  const probe = new Probe('no-wait');
  probe.take(requestHeaders(true));
  assert.deepEqual(probe.during((control) => control.extend(2_000)), ['wait 2']);
  probe.control?.answer(pick);
  assert.deepEqual(probe.during((control) => control.extend(2_000)), []);
});

for (const [name, messages] of Object.entries({
  'headers twice': [requestHeaders(), requestHeaders()],
  'a body without headers': [requestBody('a')],
  'trailers without headers': [requestTrailers],
})) {
  test(`${name} end the stream`, () => {
    const probe = new Probe('no-wait');
    assert.match(probe.take(...messages).join(), /^FAIL request /);
    assert.deepEqual(probe.take(requestBody('b')), []);
    assert.deepEqual(probe.heard, messages.length > 1 ? ['headers', 'failed'] : []);
  });
}

test('bytes that are no message end the stream', () => {
  const probe = new Probe('no-wait');
  probe.take(requestHeaders());
  assert.deepEqual(probe.during(() => probe.stream.receive(decodeProcessingRequest(Buffer.from([0x12, 0x7f])))), ['FAIL ProcessingRequest: truncated field']);
  assert.deepEqual(probe.heard, ['headers', 'failed']);
});

test('a handler that throws costs its request, and is told', () => {
  const probe = new Probe('no-wait', { body: () => assert.fail('a bug') });
  probe.take(requestHeaders());
  assert.throws(() => probe.take(requestBody('a')), /a bug/);
  probe.stream.closed();
  assert.deepEqual(probe.heard, ['headers', 'failed']);
});

test('an answer without a request gets its answers', () => {
  const probe = new Probe('duplex');
  assert.deepEqual(probe.take(responseHeaders, responseBody('x', true)), ['responseHeaders', 'responseBody x.']);
  probe.stream.closed();
  assert.deepEqual(probe.heard, []);
});

test('messages about neither are passed over', () => {
  const probe = new Probe('duplex');
  assert.deepEqual(probe.take({ flowControlInit: {} }, requestHeaders()), []);
  assert.deepEqual(probe.heard, ['headers']);
});
