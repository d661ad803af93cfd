import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chainHash, hashWords } from './block-hash.ts';
import { promptDigest, type PromptBlocks } from './prompt-digest.ts';
import { PromptHasher } from './prompt-hasher.ts';
import { TextBuffer } from './text-buffer.ts';

const blockTokens = 64;
const blockBytes = 4 * blockTokens;

/** Hashes all of `text` at once, block by block. */
function naive(text: Buffer): number[] {
  const hashes: number[] = [];
  for (let at = 0; at < text.length; at += blockBytes) {
    const block = text.subarray(at, at + blockBytes);
    const words = new Int32Array(blockTokens);
    Buffer.from(words.buffer).set(block);
    const out = new Uint32Array(2);
    hashWords(words, 0, Math.ceil(block.length / 16) * 4, block.length, out, 0);
    hashes.push(...out);
  }
  return hashes;
}

function blocksOf(text: string): PromptBlocks {
  const buffer = new TextBuffer(blockBytes);
  const hasher = new PromptHasher({ blockTokens, maxBlocks: 2_048 });
  write(buffer, hasher, Buffer.from(text));
  buffer.giveBack();
  hasher.finish(buffer);
  return { contents: hasher.contents, blocks: hasher.blocks, blockTokens };
}

function write(buffer: TextBuffer, hasher: PromptHasher, text: Uint8Array): void {
  buffer.lend(hasher);
  for (const byte of text) buffer.put(byte);
}

test('hashers that take turns at a buffer come to what hashing all text at once comes to', () => {
  const turn = fc.tuple(fc.nat({ max: 2 }), fc.uint8Array({ maxLength: 700 }));
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 20 }), (turns) => {
      const buffer = new TextBuffer(blockBytes);
      const hashers = [0, 1, 2].map(() => new PromptHasher({ blockTokens, maxBlocks: 2_048 }));
      for (const [which, text] of turns) write(buffer, hashers[which] as PromptHasher, text);
      buffer.giveBack();
      hashers.forEach((hasher, which) => {
        const text = Buffer.concat(turns.filter(([turn]) => turn === which).map(([, text]) => text));
        assert.equal(hasher.bytes, text.length);
        hasher.finish(buffer);
        assert.equal(hasher.bytes, text.length);
        assert.deepEqual([...hasher.contents], naive(text));
      });
    }),
  );
});

test('blocks above the limit count, and are not hashed', () => {
  const buffer = new TextBuffer(blockBytes);
  const hasher = new PromptHasher({ blockTokens, maxBlocks: 3 });
  const text = Buffer.alloc(100 * blockBytes + 1, 'text of many blocks ');
  write(buffer, hasher, text);
  buffer.giveBack();
  hasher.finish(buffer);
  assert.equal(hasher.bytes, text.length);
  assert.deepEqual([...hasher.contents], naive(text.subarray(0, 3 * blockBytes)));
});

test('a reset forgets everything', () => {
  const buffer = new TextBuffer(blockBytes);
  const hasher = new PromptHasher({ blockTokens, maxBlocks: 2_048 });
  write(buffer, hasher, Buffer.alloc(1_000, 'a'));
  buffer.giveBack();
  hasher.reset();
  write(buffer, hasher, Buffer.from('b'));
  buffer.giveBack();
  hasher.finish(buffer);
  assert.deepEqual([...hasher.contents], naive(Buffer.from('b')));
});

test('prompts have equal hashes as long as they are equal, and none after', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 3_000 }), fc.string({ minLength: 1, maxLength: 600 }), fc.string({ minLength: 1, maxLength: 600 }), (common, a, b) => {
      fc.pre(a[0] !== b[0]);
      const first = promptDigest(blocksOf(common + a), 'model', '');
      const second = promptDigest(blocksOf(common + b), 'model', '');
      const equal = Math.floor(common.length / blockBytes);
      for (let i = 0; i < Math.min(first.blocks, second.blocks); i++) {
        const same = first.hashes[2 * i] === second.hashes[2 * i] && first.hashes[2 * i + 1] === second.hashes[2 * i + 1];
        assert.equal(same, i < equal);
      }
    }),
  );
});

test('a block does not stand for the same text elsewhere, for another model, or for another salt', () => {
  const blocks = blocksOf('a'.repeat(3 * blockBytes));
  const digests = [['model', ''], ['model', 'salt'], ['models', 'alt'], ['other', ''], ['', ''], ['', 'model'], ['ä', ''], ['日本', '']] as const;
  const seen = digests.flatMap(([model, salt]) => {
    const { hashes } = promptDigest(blocks, model, salt);
    return [0, 1, 2].map((i) => `${hashes[2 * i]} ${hashes[2 * i + 1]}`);
  });
  assert.equal(new Set(seen).size, digests.length * 3);
  assert.deepEqual(promptDigest(blocks, 'model', 'salt'), promptDigest(blocks, 'model', 'salt'));
});

test('a shorter last block is another one than the same text with zeros after it', () => {
  assert.notDeepEqual(blocksOf('abc').contents, blocksOf('abc\0').contents);
});

/** Sets `words` to numbers that are as good as random. */
function scramble(words: Int32Array, seed: number): void {
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b + 2 * i);
}

test('each bit of a block changes each bit of its hash in about half of all blocks', () => {
  const words = new Int32Array(64);
  const [before, after] = [new Uint32Array(2), new Uint32Array(2)];
  const rounds = 200;
  let least = 1;
  let most = 0;
  for (const bit of [0, 1, 31, 32, 95, 127, 128, 1_000, 1_024, 2_015, 2_047]) {
    const changed = Array.from({ length: 64 }, () => 0);
    for (let round = 0; round < rounds; round++) {
      scramble(words, round);
      hashWords(words, 0, 64, 256, before, 0);
      words[bit >> 5] = (words[bit >> 5] as number) ^ (1 << (bit & 31));
      hashWords(words, 0, 64, 256, after, 0);
      for (let i = 0; i < 64; i++) changed[i] = (changed[i] as number) + (((((before[i >> 5] as number) ^ (after[i >> 5] as number)) >>> (i & 31)) & 1));
    }
    least = Math.min(least, ...changed.map((n) => n / rounds));
    most = Math.max(most, ...changed.map((n) => n / rounds));
  }
  // Five standard deviations of 200 throws of a coin.
  assert.ok(least > 0.32 && most < 0.68, `${least} to ${most}`);
});

test('100,000 blocks and chains that differ little have different hashes, and 32 bits of them are as unequal as random ones', () => {
  const words = new Int32Array(64);
  const text = Buffer.from(words.buffer);
  text.fill('Summarize the document with this number: ');
  const out = new Uint32Array(2);
  const hashes = new BigUint64Array(100_000);
  const chained = new Uint32Array(2);
  for (let i = 0; i < hashes.length; i++) {
    text.write(String(i).padStart(8, '0'), 40 + (i % 3));
    hashWords(words, 0, 64, 256, out, 0);
    chainHash(i % 7, i % 5, out[0] as number, out[1] as number, chained, 0);
    hashes[i] = (BigInt(chained[0] as number) << 32n) | BigInt(chained[1] as number);
  }
  const distinct = (values: Iterable<bigint>) => new Set(values).size;
  assert.equal(distinct(hashes), hashes.length);
  // Of n random numbers of 32 bits n²/2³³, here 1.2, meet another one; 12 would be ten standard deviations off.
  assert.ok(hashes.length - distinct([...hashes].map((hash) => hash >> 32n)) < 12);
  assert.ok(hashes.length - distinct([...hashes].map((hash) => hash & 0xffffffffn)) < 12);
});
