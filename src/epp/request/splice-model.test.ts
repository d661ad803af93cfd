import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ParsedBody } from './parsed-body.ts';
import { RequestParsers } from './request-parsers.ts';
import { spliceModel } from './splice-model.ts';

const parser = new RequestParsers(['openai-parser']).forPath('/v1/chat/completions');

function rename(json: string, name: string, cuts: readonly number[] = []): string {
  const bytes = Buffer.from(json);
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  const chunks = ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
  assert.ok(parser);
  const reader = parser.begin();
  for (const chunk of chunks) reader.push(chunk);
  const { modelPlace } = reader.end() as ParsedBody;
  assert.ok(modelPlace);
  return Buffer.concat(spliceModel(chunks, modelPlace, name)).toString();
}

test('the name is replaced and nothing else, however the body is cut', () => {
  const json = '{ "messages" : ["é"], "model":\t"old\\u00e9" , "stream":true }';
  fc.assert(
    fc.property(fc.string(), fc.array(fc.nat(), { maxLength: 5 }), (name, cuts) => {
      assert.equal(rename(json, name, cuts), json.replace('"old\\u00e9"', () => JSON.stringify(name)));
    }),
  );
});

test('of several names the last one is replaced', () => {
  assert.equal(rename('{"model":"a","messages":["x"],"model":"b"}', 'c'), '{"model":"a","messages":["x"],"model":"c"}');
});

test('a name is put in where there is none', () => {
  assert.equal(rename(' {"messages":["x"]}', 'c', [1, 2]), ' {"model":"c","messages":["x"]}');
});
