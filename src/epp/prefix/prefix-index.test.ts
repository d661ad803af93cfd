import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { noMetrics, Endpoint } from '../endpoints/endpoint.ts';
import { ByteBudget } from './byte-budget.ts';
import { PrefixIndex } from './prefix-index.ts';
import { promptDigest, type PromptDigest } from './prompt-digest.ts';

const blockTokens = 64;

/** A prompt whose blocks have these contents. */
function prompt(contents: readonly number[]): PromptDigest {
  const pairs = Uint32Array.from(contents.flatMap((content) => [content, Math.imul(content, 0x9e3779b1) >>> 0]));
  return promptDigest({ contents: pairs, blocks: contents.length, blockTokens }, 'llama', '');
}

function endpoint(slot: number): Endpoint {
  return new Endpoint({ slot, name: `ns/p${slot}-rank-0`, pod: `ns/p${slot}`, ip: '10.0.0.1', port: 8000, labels: {} });
}

function index({ maxBytes = 64 * 1024 * 1024, blocksPerServer = 1_000_000 } = {}): { readonly index: PrefixIndex; readonly budget: ByteBudget } {
  const budget = new ByteBudget(maxBytes);
  return { index: new PrefixIndex({ budget, blocksPerServer, autoTune: true }), budget };
}

/** The same with maps, without bounds. */
class Twin {
  readonly #held = new Map<string, Set<number>>();

  add(digest: PromptDigest, slot: number): void {
    for (let i = 0; i < digest.blocks; i++) this.#at(digest, i).add(slot);
  }

  remove(slot: number): void {
    for (const set of this.#held.values()) set.delete(slot);
  }

  matched(digest: PromptDigest, slot: number): number {
    let i = 0;
    while (i < digest.blocks && this.#at(digest, i).has(slot)) i++;
    return i;
  }

  get size(): number {
    return [...this.#held.values()].filter((set) => set.size > 0).length;
  }

  #at({ hashes }: PromptDigest, i: number): Set<number> {
    const key = `${hashes[2 * i]}/${hashes[2 * i + 1]}`;
    const set = this.#held.get(key) ?? new Set();
    this.#held.set(key, set);
    return set;
  }
}

/** Few contents, so that prompts begin alike often. */
const someContents = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 12 });
const someSlot = fc.integer({ min: 0, max: 70 });
const someSteps = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ do: fc.constant('add' as const), contents: someContents, slot: someSlot }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), contents: someContents, slot: someSlot }) },
  ),
  { maxLength: 120 },
);

suite('an index of prefixes', () => {
  test('knows as much as one without bounds, while its own are far', () => {
    fc.assert(fc.property(someSteps, someContents, (steps, asked) => {
      const { index: real, budget } = index();
      const twin = new Twin();
      for (const { do: what, contents, slot } of steps) {
        if (what === 'add') {
          real.add(prompt(contents), endpoint(slot));
          twin.add(prompt(contents), slot);
        } else {
          real.removeEndpoint(slot);
          twin.remove(slot);
        }
      }
      const candidates = [...steps.map(({ slot }) => slot), 99].map(endpoint);
      const match = real.match(prompt(asked), candidates);
      for (const one of candidates) assert.equal(match.matchedBlocks(one), twin.matched(prompt(asked), one.slot));
      assert.equal(real.size, twin.size);
      assert.equal(real.bytes, budget.used);
      real.clear();
      assert.deepEqual([real.size, real.bytes, budget.used], [0, 0, 0]);
    }));
  });

  test('knows nothing that is not so, and stays within its bounds, when they are near', () => {
    fc.assert(fc.property(someSteps, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 90_000 }), (steps, blocksPerServer, maxBytes) => {
      const { index: real, budget } = index({ maxBytes, blocksPerServer });
      const twin = new Twin();
      for (const { do: what, contents, slot } of steps) {
        if (what === 'add') {
          real.add(prompt(contents), endpoint(slot));
          twin.add(prompt(contents), slot);
        } else {
          real.removeEndpoint(slot);
          twin.remove(slot);
        }
        assert.ok(real.heldBy(slot) <= blocksPerServer);
        assert.ok(real.match(prompt(contents), [endpoint(slot)]).matchedBlocks(endpoint(slot)) <= twin.matched(prompt(contents), slot));
        assert.ok(budget.used <= maxBytes);
        assert.equal(real.bytes, budget.used);
      }
    }));
  });

  test('remembers what it has just been told, however full it is', () => {
    const { index: real } = index({ maxBytes: 200_000 });
    for (let i = 0; i < 20_000; i++) {
      real.add(prompt([i, i + 1, i + 2]), endpoint(i % 5));
      assert.equal(real.match(prompt([i, i + 1, i + 2]), [endpoint(i % 5)]).matchedBlocks(endpoint(i % 5)), 3);
    }
  });

  test('forgets the end of a prompt before its beginning', () => {
    const { index: real } = index({ blocksPerServer: 10 });
    const long = prompt([1, 2, 3, 4, 5, 6, 7, 8]);
    real.add(long, endpoint(0));
    real.add(prompt([101, 102, 103, 104]), endpoint(0));
    assert.equal(real.match(long, [endpoint(0)]).matchedBlocks(endpoint(0)), 6);
    // Of one that is longer than all there is room for, the beginning counts.
    const tooLong = prompt(Array.from({ length: 30 }, (_, i) => 200 + i));
    real.add(tooLong, endpoint(1));
    assert.equal(real.match(tooLong, [endpoint(1)]).matchedBlocks(endpoint(1)), 10);
  });

  test('holds as much of a server as the server says', () => {
    const { index: real } = index();
    const small = Object.assign(endpoint(0), { metrics: { ...noMetrics, blocks: 16, blockSize: 16 } });
    for (let i = 0; i < 50; i++) real.add(prompt([i]), small);
    assert.equal(real.heldBy(0), (16 * 16) / blockTokens);
  });

  test('has nearly as many hits as an exact LRU', () => {
    const capacity = 500;
    const { index: real } = index({ blocksPerServer: capacity });
    const exact = new Map<number, true>();
    let random = 1;
    let [hits, exactHits] = [0, 0];
    for (let i = 0; i < 50_000; i++) {
      random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
      // Some contents come far more often than others: 1/x up to 10,000.
      const content = Math.floor(10_000 ** (random / 2 ** 32));
      hits += real.match(prompt([content]), [endpoint(0)]).matchedBlocks(endpoint(0));
      real.add(prompt([content]), endpoint(0));
      if (exact.delete(content)) exactHits++;
      exact.set(content, true);
      if (exact.size > capacity) exact.delete(exact.keys().next().value ?? 0);
    }
    assert.ok(exactHits > 25_000, `${exactHits}`);
    assert.ok(hits > 0.97 * exactHits, `${hits} of ${exactHits}`);
  });
});
