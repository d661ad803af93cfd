import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { BodyReader, ParsedBody, ParseFault } from './parsed-body.ts';
import { RequestParsers, type ParserType } from './request-parsers.ts';
import { hashWords } from '../prefix/block-hash.ts';
import { PromptHasher } from '../prefix/prompt-hasher.ts';
import { TextBuffer } from '../prefix/text-buffer.ts';

/** A JSON value that knows the order of its fields, and which of them come twice. */
type Json = string | number | boolean | null | readonly Json[] | { readonly fields: readonly (readonly [string, Json])[] };

const parsers = new RequestParsers(['openai-parser', 'anthropic-parser', 'vllmhttp-parser', 'sglanghttp-parser', 'passthrough-parser']);
const blockBytes = 256;

function begin(path: string): BodyReader {
  const parser = parsers.forPath(path);
  assert.ok(parser);
  return parser.begin();
}

function read(path: string, body: string | Uint8Array, cuts: readonly number[] = []): ParsedBody | ParseFault {
  const bytes = Buffer.from(body);
  const reader = begin(path);
  let from = 0;
  for (const end of [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)) {
    reader.push(bytes.subarray(from, end));
    from = end;
  }
  return reader.end();
}

function parsed(path: string, body: string | Uint8Array, cuts: readonly number[] = []): ParsedBody {
  const result = read(path, body, cuts);
  assert.ok('model' in result, JSON.stringify(result));
  return result;
}

const chat = '/v1/chat/completions';

// The stupid twin: the text of a prompt as one buffer, from a value that is all there.

function textOf(value: Json): Buffer {
  let text = Buffer.alloc(0);
  const write = (bytes: Uint8Array): void => {
    text = Buffer.concat(text.length > 0 ? [text, Buffer.from([0xff]), bytes] : [bytes]);
  };
  const visit = (value: Json, within: 'part' | 'array' | 'object'): void => {
    if (typeof value === 'string') write(Buffer.from(value));
    else if (typeof value === 'boolean') write(Buffer.from(String(value)));
    else if (typeof value === 'number' && within === 'array' && Number.isInteger(value) && !Object.is(value, -0) && value >= 0 && value <= 999_999_999) {
      const token = Buffer.alloc(4);
      token.writeUInt32LE(value);
      text = Buffer.concat([text, token]);
    } else if (typeof value === 'number') write(Buffer.from(JSON.stringify(value)));
    else if (Array.isArray(value)) for (const item of value as readonly Json[]) visit(item, within === 'object' ? within : 'array');
    else if (value !== null) {
      for (const [key, field] of (value as { fields: readonly (readonly [string, Json])[] }).fields) {
        write(Buffer.from(key).subarray(0, 64));
        visit(field, 'object');
      }
    }
  };
  visit(value, 'part');
  return text;
}

function blocksOf(text: Buffer): number[] {
  const buffer = new TextBuffer(blockBytes);
  const hasher = new PromptHasher({ blockTokens: 64, maxBlocks: 2_048 });
  buffer.lend(hasher);
  for (const byte of text) buffer.put(byte);
  buffer.giveBack();
  hasher.finish(buffer);
  return [...hasher.contents];
}

/** White space and escapes by the numbers of `whims`. */
function write(value: Json, whims: readonly number[]): string {
  let at = 0;
  const whim = (n: number): number => (whims.length === 0 ? 0 : (whims[at++ % whims.length] as number) % n);
  const space = (): string => ['', '', ' ', '\n\t', '\r\n  '][whim(5)] as string;
  const quote = (text: string): string => {
    const plain = JSON.stringify(text);
    if (whim(3) > 0) return plain;
    const escape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
    return plain.includes('\\') ? plain : plain.replace(/[^"]/gu, (character) => (whim(2) === 0 ? character.replace(/[^]/g, escape) : character));
  };
  const visit = (value: Json): string => {
    if (typeof value === 'string') return quote(value);
    if (value === null || typeof value !== 'object') return JSON.stringify(value);
    if (Array.isArray(value)) return `[${space()}${(value as readonly Json[]).map(visit).join(`${space()},${space()}`)}${space()}]`;
    const { fields } = value as { fields: readonly (readonly [string, Json])[] };
    return `{${space()}${fields.map(([key, field]) => `${quote(key)}${space()}:${space()}${visit(field)}`).join(`${space()},${space()}`)}${space()}}`;
  };
  return space() + visit(value) + space();
}

const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 30 }), fc.string({ unit: 'grapheme-ascii', minLength: 200, maxLength: 900 }), fc.constantFrom('', '\n', 'user', 'text'));
const ids = fc.array(fc.oneof(fc.nat({ max: 200_000 }), fc.constantFrom(0, 999_999_999, 1_000_000_000, 10)), { minLength: 5, maxLength: 40 });
const number = fc.oneof(fc.nat(), fc.nat({ max: 1_100_000_000 }), fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0)), fc.constantFrom(0, -1, 1.5, 100_000));
const { value: anyValue } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    text,
    number,
    ids,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(fc.oneof(fc.constantFrom('role', 'content', 'text', 'type', 'model', 'prompt', 'x'.repeat(80)), fc.string({ maxLength: 9 }).filter((key) => !['url', 'data'].includes(key))), tie('value')), { maxLength: 4 }).map((fields) => ({ fields })),
  ),
}));

const names = ['model', 'messages', 'tools', 'stream', 'max_tokens', 'max_completion_tokens', 'n', 'cache_salt', 'temperature', 'modelx', 'prompt'];
const body = fc.array(fc.tuple(fc.constantFrom(...names), anyValue), { maxLength: 8 }).map((fields): Json => ({ fields }));

test('it finds what JSON.parse finds, however a body is written and cut', () => {
  fc.assert(
    fc.property(body, fc.array(fc.nat()), fc.array(fc.nat(), { maxLength: 8 }), (body, whims, cuts) => {
      const json = write(body, whims);
      const twin = JSON.parse(json) as Record<string, unknown>;
      const result = read(chat, json, cuts);
      // Of fields that come twice the last one counts.
      const last = new Map((body as { fields: readonly (readonly [string, Json])[] }).fields);
      const tools = textOf(last.get('tools') ?? null);
      const messages = textOf(last.get('messages') ?? null);
      if (messages.length === 0) {
        assert.deepEqual(result, { status: 400, message: 'request body: messages: missing or empty' });
        return;
      }
      assert.ok('model' in result, JSON.stringify(result));
      const count = (value: unknown) => (typeof value === 'number' && value > 0 && value <= Number.MAX_SAFE_INTEGER ? Math.floor(value) : 0);
      assert.equal(result.model, typeof twin['model'] === 'string' ? Buffer.from(twin['model']).toString() : '');
      assert.equal(result.streaming, twin['stream'] === true);
      assert.equal(result.maxOutputTokens, count(twin['max_completion_tokens']) || count(twin['max_tokens']));
      assert.equal(result.choices, count(twin['n']) || 1);
      assert.equal(result.cacheSalt, typeof twin['cache_salt'] === 'string' ? Buffer.from(twin['cache_salt']).toString() : '');
      assert.equal(result.promptTokens, Math.ceil((tools.length + messages.length) / 4));
      assert.deepEqual([...(result.prompt?.contents ?? [])], [...blocksOf(tools), ...blocksOf(messages)]);
      assert.equal(result.bytes, Buffer.byteLength(json));
      const place = result.modelPlace;
      assert.ok(place);
      const found = Buffer.from(json).subarray(place.start, place.end).toString();
      assert.equal(found === '' ? '' : JSON.parse(found), typeof twin['model'] === 'string' ? twin['model'] : '');
    }),
    { numRuns: 2_000 },
  );
});

test('readers of the same parsers may be read in turn, piece by piece', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(text, fc.array(fc.nat(), { maxLength: 5 })), { minLength: 2, maxLength: 4 }), (prompts) => {
      const bodies = prompts.map(([prompt, cuts]) => {
        const bytes = Buffer.from(JSON.stringify({ messages: [{ role: 'user', content: `x${prompt}` }, { image_url: { url: prompt } }] }));
        const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
        return { bytes, reader: begin(chat), pieces: ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end)) };
      });
      for (let turn = 0; turn < 6; turn++) for (const { reader, pieces } of bodies) reader.push(pieces[turn] ?? Buffer.alloc(0));
      for (const { reader, bytes } of bodies) assert.deepEqual(reader.end(), parsed(chat, bytes));
    }),
  );
});

test('each API has its fields', () => {
  const ids = (n: number) => JSON.stringify([...Array(n).keys()]);
  const rows: readonly (readonly [path: string, body: string, wanted: Partial<ParsedBody>])[] = [
    ['/v1/completions', '{"model":"m","prompt":"12345678","max_tokens":7,"stream":true}', { model: 'm', promptTokens: 2, maxOutputTokens: 7, streaming: true }],
    ['/v1/completions?api-version=1', '{"prompt":["1234","5678"]}', { promptTokens: 3 }],
    ['/v1/completions/', `{"prompt":${ids(1_000)}}`, { promptTokens: 1_000 }],
    ['/v1/completions', '{"prompt":[[1,2],[3]]}', { promptTokens: 3 }],
    ['/v1/completions', '{"prompt_embeds":"AAAA"}', { promptTokens: 0 }],
    ['/v1/embeddings', '{"input":["1234"]}', { promptTokens: 1 }],
    ['/v1/responses', '{"input":"1234","instructions":"5678","max_output_tokens":9}', { promptTokens: 2, maxOutputTokens: 9 }],
    ['/v1/conversations', '{"items":["1234"]}', { promptTokens: 1 }],
    ['/v1/images/generations', '{"prompt":"1234","n":4}', { promptTokens: 1, choices: 4 }],
    ['/v1/chat/completions', '{"messages":["1234"],"max_tokens":5,"max_completion_tokens":6,"n":2}', { maxOutputTokens: 6, choices: 2 }],
    ['/v1/chat/completions/render', '{"messages":["1234"],"max_tokens":5}', { promptTokens: 1, maxOutputTokens: 5 }],
    ['/v1/messages', '{"system":"1234","messages":["5678"],"max_tokens":5}', { promptTokens: 2, maxOutputTokens: 5 }],
    ['/v1/messages/count_tokens', '{"model":"m","messages":["1234"]}', { model: 'm', promptTokens: 0 }],
    ['/inference/v1/generate', '{"token_ids":[1,2,3],"sampling_params":{"max_tokens":8,"n":3},"n":"x"}', { promptTokens: 3, maxOutputTokens: 8 }],
    ['/generate', '{"input_ids":[1,2,3],"sampling_params":{"max_new_tokens":8},"extra_key":"salt"}', { promptTokens: 3, maxOutputTokens: 8, cacheSalt: 'salt' }],
    ['/generate', '{"text":"1234","sampling_params":[{"max_new_tokens":8}]}', { promptTokens: 1, maxOutputTokens: 0 }],
    ['/v1/audio/transcriptions', 'not JSON', { model: '', promptTokens: 0, bytes: 8 }],
  ];
  for (const [path, body, wanted] of rows) {
    const result = parsed(path, body);
    const found = Object.fromEntries(Object.keys(wanted).map((key) => [key, result[key as keyof ParsedBody]]));
    assert.deepEqual(found, wanted, body);
  }
});

test('parts of a prompt come in the order of the model, whatever the order of the body', () => {
  const system = '"system":"Be brief."';
  const tools = '"tools":[{"name":"f"}]';
  const messages = '"messages":[{"role":"user","content":"Hello"}]';
  const wanted = parsed('/v1/messages', `{${tools},${system},${messages}}`);
  assert.equal(wanted.prompt?.blocks, 3);
  for (const fields of [[messages, tools, system], [system, messages, tools], [messages, system, tools]]) {
    assert.deepEqual(parsed('/v1/messages', `{${fields.join(',')}}`).prompt, wanted.prompt);
  }
});

test('images, videos and audio count as so many tokens, and as other ones when they differ', () => {
  const message = (part: string) => `{"messages":[{"role":"user","content":[{"type":"text","text":"What is it?"},${part}]}]}`;
  const of = (part: string) => parsed(chat, message(part));
  const base64 = 'iVBORw0KGgo'.repeat(5_000);
  const image = (url: string) => `{"type":"image_url","image_url":{"url":"${url}"}}`;
  const none = of('"x"').promptTokens;
  assert.deepEqual([of(image(base64)).mediaItems, of('"x"').mediaItems], [1, 0]);
  assert.ok(Math.abs(of(image(base64)).promptTokens - none - 225) < 10);
  assert.equal(of(image(`${base64}A`)).promptTokens, of(image(base64)).promptTokens);
  assert.notDeepEqual(of(image(`${base64}A`)).prompt, of(image(base64)).prompt);
  assert.deepEqual(parsed(chat, message(image(base64)), [1_000, 20_000]), of(image(base64)));
  const parts: readonly (readonly [string, number])[] = [
    ['{"type":"input_image","image_url":"data:image/png;base64,AAAA"}', 225],
    ['{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}', 225],
    ['{"type":"video_url","video_url":{"url":"http://a/b"}}', 4_500],
    ['{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}', 139],
    ['{"type":"file","file":{"file_data":"data:application/pdf;base64,AAAA"}}', 225],
  ];
  for (const [part, tokens] of parts) {
    assert.equal(of(part).mediaItems, 1, part);
    assert.ok(Math.abs(of(part).promptTokens - none - tokens) < 20, part);
  }
  assert.equal(of('{"type":"document","source":{"type":"text","media_type":"text/plain","data":"plain text"}}').mediaItems, 0);
});

test('cache_control does not matter, wherever a client puts it', () => {
  const body = (control: string) => `{"messages":[{"role":"user"${control},"content":[{"type":"text","text":"Hello"${control}}]}]}`;
  const without = parsed('/v1/messages', body('')).prompt;
  for (const control of [',"cache_control":{"type":"ephemeral","x":[{"cache_control":1}]}', ',"cache_control":null', ',"cache_control":"text"', ',"cache_control":[1,true]']) {
    assert.deepEqual(parsed('/v1/messages', body(control)).prompt, without, control);
  }
});

test('the billing line of a system prompt does not matter, in whatever pieces it comes', () => {
  const body = (line: string) => `{"system":[{"type":"text","text":"${line}"},{"type":"text","text":"Be brief."}],"messages":["Hello"]}`;
  const wanted = parsed('/v1/messages', body('x-anthropic-billing-header: a')).prompt;
  const json = body('x-anthropic-billing-header: cch=12345; something longer');
  for (let cut = 0; cut < json.length; cut++) assert.deepEqual(parsed('/v1/messages', json, [cut]).prompt, wanted);
  assert.notDeepEqual(parsed('/v1/messages', body('x-anthropic-billing-head')).prompt, wanted);
});

test('a model gets its own hashes only by its digest: contents are the same', () => {
  const of = (model: string) => parsed(chat, `{"model":"${model}","messages":["Hello"]}`).prompt;
  assert.deepEqual(of('a'), of('b'));
});

test('what is known grows with the body', () => {
  const reader = begin(chat);
  assert.deepEqual([reader.known.model, reader.known.prompt], ['', undefined]);
  reader.push(Buffer.from('{"model":"m","stream":true,"messages":["'));
  assert.deepEqual([reader.known.model, reader.known.streaming, reader.known.prompt], ['m', true, undefined]);
  reader.push(Buffer.alloc(600, 'a'));
  assert.equal(reader.known.prompt?.blocks, 2);
  const block = new Uint32Array(2);
  hashWords(new Int32Array(64).fill(0x61616161), 0, 64, 256, block, 0);
  assert.deepEqual(reader.known.prompt?.contents, Uint32Array.of(...block, ...block));
  assert.equal(reader.faulty, false);
  reader.push(Buffer.from('"}'));
  assert.equal(reader.faulty, true);
});

test('bodies that no server could use are refused with a reason', () => {
  const long = 'm'.repeat(5_000);
  const faults: readonly (readonly [string | Uint8Array, string])[] = [
    ['', 'the end at byte 0 where there should be a value'],
    ['[]', 'not a JSON object'],
    ['"messages"', 'not a JSON object'],
    ['{"messages":[', 'the end at byte 13 where there should be a value or "]"'],
    ['{"model":"m"}', 'messages: missing or empty'],
    ['{"messages":[]}', 'messages: missing or empty'],
    ['{"messages":null,"tools":["x"]}', 'messages: missing or empty'],
    [`{"model":"${long}","messages":["a"]}`, 'model: longer than 4096 bytes'],
    [`{"cache_salt":"${long}","messages":["a"]}`, 'cache_salt: longer than 4096 bytes'],
    [Buffer.from('{"messages":["\xff"]}', 'latin1'), 'not UTF-8 between byte 0 and byte 18'],
    [Buffer.from('{"a":"\xe2\x82', 'latin1'), 'the end at byte 8 where there should be the end of a string'],
    [`{"messages":${'['.repeat(300)}`, 'more than 256 arrays and objects within each other at byte 267'],
    [Buffer.from('\ufeff{}'), 'byte 0xef at byte 0 where there should be a value'],
    [Buffer.from([0x1f, 0x8b, 8, 0]), 'not UTF-8 between byte 0 and byte 4'],
  ];
  for (const [body, message] of faults) assert.deepEqual(read(chat, body), { status: 400, message: `request body: ${message}` });
});

test('a prompt of which only the beginning is hashed is counted to its end', () => {
  const few = new RequestParsers(['openai-parser'], { maxBlocks: 3, blockTokens: 16 });
  const reader = few.forPath(chat)?.begin();
  reader?.push(Buffer.from(JSON.stringify({ tools: ['t'.repeat(100)], messages: ['m'.repeat(10_000)] })));
  const result = reader?.end() as ParsedBody;
  assert.deepEqual([result.prompt?.blocks, result.prompt?.blockTokens, result.promptTokens], [3, 16, 2_525]);
});

test('the parser of a path is the one with the longest end of it', () => {
  const typeOf = (types: readonly ParserType[], path: string) => {
    const parser = new RequestParsers(types).forPath(path);
    return parser && `${parser.type} ${parser.suffix}`;
  };
  const all: readonly ParserType[] = ['passthrough-parser', 'sglanghttp-parser', 'vllmhttp-parser', 'openai-parser'];
  assert.equal(typeOf(all, '/a/inference/v1/generate'), 'vllmhttp-parser /inference/v1/generate');
  assert.equal(typeOf(all, '/generate'), 'sglanghttp-parser /generate');
  assert.equal(typeOf(all, '/v1/chat/completions'), 'vllmhttp-parser /chat/completions');
  assert.equal(typeOf(all, '/v1/regenerate'), 'passthrough-parser ');
  assert.equal(typeOf(all, '/'), 'passthrough-parser ');
  assert.equal(typeOf(['openai-parser'], '/v1/other'), undefined);
  assert.throws(() => new RequestParsers(['openai-parser'], { blockTokens: 10 }), RangeError);
});
