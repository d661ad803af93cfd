import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { frameMessages, MessageReader } from './message-reader.ts';

const messages = fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 10 });

/** Cuts bytes after each of the given numbers of bytes. */
function cutUp(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return [...chunks, bytes.subarray(at)];
}

test('messages come out whole, however they were cut and joined', () => {
  fc.assert(fc.property(messages, fc.array(fc.nat(12)), (sent, sizes) => {
    const received: Buffer[] = [];
    const reader = new MessageReader(30, (message) => received.push(Buffer.from(message)));
    for (const chunk of cutUp(frameMessages(sent), sizes)) assert.equal(reader.push(chunk), undefined);
    assert.deepEqual(received, sent.map((message) => Buffer.from(message)));
    assert.ok(reader.atBoundary);
  }), { numRuns: 1000 });
});

test('an incomplete message is seen at the end', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 30 }), fc.nat(), fc.array(fc.nat(5)), (message, missing, sizes) => {
    const framed = frameMessages([message]);
    const cut = framed.subarray(0, missing % framed.length);
    const reader = new MessageReader(30, () => assert.fail('a message'));
    for (const chunk of cutUp(cut, sizes)) reader.push(chunk);
    assert.equal(reader.atBoundary, cut.length === 0);
  }));
});

test('a message over the limit, or a compressed one, is an error as soon as its length is known, and the last word', () => {
  fc.assert(fc.property(messages, fc.boolean(), fc.array(fc.nat(12)), (before, compressed, sizes) => {
    const received: Buffer[] = [];
    const reader = new MessageReader(30, (message) => received.push(message));
    const bad = Buffer.from([Number(compressed), 0, 0, 0, compressed ? 1 : 31]);
    const errors = cutUp(Buffer.concat([frameMessages(before), bad, frameMessages([Buffer.from('x')])]), sizes).map((chunk) => reader.push(chunk));
    assert.equal(errors.at(-1), compressed ? 'compressed' : 'too-large');
    assert.equal(received.length, before.length);
  }));
});

test('a length that is announced takes no memory', () => {
  const reader = new MessageReader(2 ** 32, () => {});
  assert.equal(reader.push(Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1])), undefined);
});
