import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Endpoint } from '../endpoints/endpoint.ts';
import { defaultIndexBytes, defaultSlotCapacity, PrefixIndex } from './prefix-index.ts';
import type { PromptDigest } from './prompt-digest.ts';

const endpoints = [...Array(400).keys()].map((slot) => new Endpoint({ slot, name: `default/pod-${slot}-rank-0`, pod: `default/pod-${slot}`, ip: '10.0.0.1', port: 8_000 + slot, labels: {} }));

function endpoint(slot: number): Endpoint {
  const found = endpoints[slot];
  assert.ok(found);
  return found;
}

/** Blocks by number; few low halves, so that many blocks meet in one bucket. */
function digest(blocks: readonly number[], lows = 2 ** 32): PromptDigest {
  return { hashes: Uint32Array.from(blocks.flatMap((block) => [Math.imul(block, 0x9e3779b1) % lows, block])), blocks: blocks.length, blockTokens: 64 };
}

/** The stupid twin: a set of slots for each block, and for each slot its blocks, the one used longest ago first. */
class Twin {
  readonly holders = new Map<number, Set<number>>();
  readonly lists = new Map<number, Set<number>>();
  readonly capacities = new Map<number, number>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(blocks: readonly number[], slot: number): void {
    const capacity = this.capacities.get(slot) ?? this.#capacity;
    const list = this.#list(slot);
    for (const block of blocks.slice(0, capacity).reverse()) {
      list.delete(block);
      list.add(block);
      this.holders.set(block, (this.holders.get(block) ?? new Set()).add(slot));
      this.#shrink(slot, capacity);
    }
  }

  setCapacity(slot: number, capacity: number): void {
    this.capacities.set(slot, capacity);
    this.#shrink(slot, capacity);
  }

  remove(slot: number): void {
    this.capacities.delete(slot);
    this.#shrink(slot, 0);
  }

  match(blocks: readonly number[], slot: number): number {
    const missing = blocks.findIndex((block) => !this.holders.get(block)?.has(slot));
    return missing < 0 ? blocks.length : missing;
  }

  get size(): number {
    return [...this.lists.values()].reduce((sum, list) => sum + list.size, 0);
  }

  #list(slot: number): Set<number> {
    const list = this.lists.get(slot) ?? new Set();
    this.lists.set(slot, list);
    return list;
  }

  #shrink(slot: number, capacity: number): void {
    const list = this.#list(slot);
    for (const block of list) {
      if (list.size <= capacity) return;
      list.delete(block);
      const holders = this.holders.get(block);
      holders?.delete(slot);
      if (holders?.size === 0) this.holders.delete(block);
    }
  }
}

const slotNumber = fc.oneof(fc.constantFrom(0, 1, 2, 31, 32, 63), fc.nat({ max: 130 }));
/** Prompts that begin alike: each block is one of few that follow the one before. */
const prompt = fc.array(fc.nat({ max: 2 }), { maxLength: 12 }).map((steps) => steps.map((_, i) => steps.slice(0, i + 1).reduce((hash, step) => (hash * 3 + step + 1) % 100_003, 7)));
const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('add' as const), prompt, slot: slotNumber }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('match' as const), prompt, slots: fc.array(slotNumber, { maxLength: 6 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('capacity' as const), slot: slotNumber, capacity: fc.nat({ max: 20 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), slot: slotNumber }) },
);

test('it finds what sets and exact lists find, in whatever order prompts come and servers go', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 120 }), fc.integer({ min: 1, max: 30 }), fc.constantFrom(1, 7, 2 ** 32), (operations, capacity, lows) => {
      // From 64 slots on it is built anew.
      const index = new PrefixIndex({ bytes: 1 << 20, capacity, slots: 32 });
      const twin = new Twin(capacity);
      for (const each of operations) {
        switch (each.kind) {
          case 'add':
            index.add(digest(each.prompt, lows), each.slot);
            twin.add(each.prompt, each.slot);
            break;
          case 'capacity':
            index.setCapacity(each.slot, each.capacity);
            twin.setCapacity(each.slot, each.capacity);
            break;
          case 'remove':
            index.removeEndpoint(each.slot);
            twin.remove(each.slot);
            break;
          case 'match': {
            const candidates = each.slots.map(endpoint);
            const found = index.match(digest(each.prompt, lows), candidates);
            for (const candidate of candidates) assert.equal(found.matchedBlocks(candidate), twin.match(each.prompt, candidate.slot));
            assert.equal(found.totalBlocks, each.prompt.length);
          }
        }
        assert.equal(index.size, twin.size);
        assert.equal(index.blocks, twin.holders.size);
      }
    }),
    { numRuns: 500 },
  );
});

test('servers that are no candidates have nothing', () => {
  const index = new PrefixIndex({ bytes: 1 << 16 });
  index.add(digest([1, 2, 3]), 5);
  const match = index.match(digest([1, 2, 3]), [endpoint(4)]);
  assert.deepEqual([match.matchedBlocks(endpoint(4)), match.matchedBlocks(endpoint(5)), match.matchedBlocks(endpoint(300))], [0, 0, 0]);
});

test('a slot that is given out again has nothing of the one before', () => {
  const index = new PrefixIndex({ bytes: 1 << 16 });
  index.setCapacity(5, 2);
  index.add(digest([1, 2, 3]), 5);
  index.removeEndpoint(5);
  assert.deepEqual([index.size, index.blocks], [0, 0]);
  assert.equal(index.match(digest([1, 2, 3]), [endpoint(5)]).matchedBlocks(endpoint(5)), 0);
  index.add(digest([1, 2, 3]), 5);
  assert.equal(index.blocksOf(5), 3);
});

test('of a prompt that a server has no room for, the beginning stays', () => {
  const index = new PrefixIndex({ bytes: 1 << 16, capacity: 4 });
  const found = (blocks: readonly number[]) => index.match(digest(blocks), [endpoint(0)]).matchedBlocks(endpoint(0));
  index.add(digest([1, 2, 3, 4, 5, 6]), 0);
  assert.equal(found([1, 2, 3, 4, 5, 6]), 4);
  index.add(digest([1, 2, 7]), 0);
  assert.deepEqual([found([1, 2, 7]), found([1, 2, 3, 4])], [3, 3]);
});

test('statistics count what was asked and what was found', () => {
  const index = new PrefixIndex({ bytes: 1 << 16 });
  index.add(digest([1, 2, 3]), 0);
  index.add(digest([1]), 1);
  index.match(digest([1, 2, 9]), [endpoint(0), endpoint(1)]);
  index.match(digest([9]), [endpoint(0)]);
  assert.deepEqual(index.statistics, { matches: 2, hits: 1, blocks: 4, matchedBlocks: 2 });
});

test('when the bytes are used up, the server that most is known of loses what it got longest ago', () => {
  const index = new PrefixIndex({ bytes: 3_000, slots: 32 });
  const many = [...Array(index.room - 2).keys()].map((i) => i + 1_000);
  index.add(digest([1, 2]), 3);
  index.add(digest(many), 7);
  assert.equal(index.size, index.room);
  index.add(digest([3, 4, 5]), 3);
  assert.deepEqual([index.size, index.blocksOf(3), index.blocksOf(7)], [index.room, 5, many.length - 3]);
  assert.equal(index.match(digest(many), [endpoint(7)]).matchedBlocks(endpoint(7)), many.length - 3);
});

test('whatever comes, it takes its bytes and no more, and holds together', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 199 }), fc.nat({ max: 30 })), { minLength: 50, maxLength: 300 }), (prompts) => {
      const bytes = 8_000;
      const index = new PrefixIndex({ bytes, slots: 64 });
      for (const [seed, slot, length] of prompts) {
        const blocks = [...Array(length).keys()].map((i) => seed * 7 + i);
        index.add(digest(blocks), slot);
        assert.ok(index.bytes <= bytes);
        assert.ok(index.size <= index.room && index.blocks <= index.size);
        const found = index.match(digest(blocks), [endpoint(slot)]).matchedBlocks(endpoint(slot));
        assert.equal(found, Math.min(length, index.blocksOf(slot)));
      }
      for (let slot = 0; slot < 200; slot++) index.removeEndpoint(slot);
      assert.deepEqual([index.size, index.blocks], [0, 0]);
    }),
    { numRuns: 50 },
  );
});

test('100,000 prompts for 100 servers in 10 indexes stay within the bytes of all', () => {
  const all = 8 << 20;
  const indexes = [...Array(10).keys()].map(() => new PrefixIndex({ bytes: all / 10 }));
  for (let i = 0; i < 100_000; i++) indexes[i % 10]?.add(digest([i % 50, 1_000 + 2 * i, 1_001 + 2 * i]), (i >> 4) % 100);
  const sum = (of: (index: PrefixIndex) => number) => indexes.reduce((total, index) => total + of(index), 0);
  assert.ok(sum((index) => index.bytes) <= all);
  assert.ok(sum((index) => index.bytes) > all * 0.9);
  assert.ok(sum((index) => index.size) > 0.99 * sum((index) => index.room));
});

test('by default there is room for 20 servers with all that they hold', () => {
  const index = new PrefixIndex();
  assert.ok(index.bytes <= defaultIndexBytes);
  assert.ok(index.room > 20 * defaultSlotCapacity);
});

test('sizes that cannot be are refused', () => {
  assert.throws(() => new PrefixIndex({ bytes: 100 }), { name: 'RangeError', message: 'bytes: 100 are too few for 128 slots' });
  assert.throws(() => new PrefixIndex({ slots: 100 }), { name: 'RangeError', message: 'slots: 100 is not a multiple of 32' });
  assert.throws(() => new PrefixIndex({ bytes: 1 << 16 }).add(digest([1]), 65_536), { name: 'RangeError' });
});
