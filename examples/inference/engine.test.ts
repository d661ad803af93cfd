import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Engine, type Sequence } from './engine.ts';
import { changed, DEFAULTS, type Settings } from './settings.ts';

/** 10 ms for a prompt and 1 ms for each of its tokens, 10 ms for each token of an answer. */
const base: Partial<Settings> = { prefillOverheadMs: 10, prefillMsPerToken: 1, interTokenMs: 10, loadFactor: 1, blockTokens: 16, cacheBlocks: 1000 };

/** An engine and what happens in it, `time name tokens`. */
class Bench {
  readonly engine: Engine;
  readonly events: string[] = [];
  #now = 0;

  constructor(settings: Partial<Settings> = {}) {
    this.engine = new Engine(changed(DEFAULTS, { ...base, ...settings }, false));
  }

  /** A prompt of as many tokens as the text says, four letters each. */
  submit(name: string, prompt: string, maxTokens: number, adapter?: string): Sequence | string {
    return this.engine.submit({
      prompt, adapter, maxTokens,
      onTokens: (count) => this.events.push(`${this.#now} ${name} ${count}`),
      onEnd: () => this.events.push(`${this.#now} ${name} end`),
    }, this.#now);
  }

  /** Runs until a time, event by event. */
  run(until: number): void {
    while (this.engine.next <= until) this.engine.advance((this.#now = this.engine.next));
    this.#now = until;
  }
}

const tokens = (count: number, letter = 'x'): string => letter.repeat(4 * count);

describe('an engine', () => {
  test('reads the prompt, then gives a token with each step', () => {
    const bench = new Bench();
    bench.submit('a', tokens(20), 3);
    bench.run(1000);
    assert.deepEqual(bench.events, ['30 a 1', '40 a 1', '50 a 1', '50 a end']);
    assert.deepEqual([bench.engine.running, bench.engine.next, bench.engine.cacheUsage], [0, Infinity, 0]);
  });

  test('reads one prompt after the other, while answers go on', () => {
    const bench = new Bench();
    bench.submit('a', tokens(10, 'a'), 3);
    bench.submit('b', tokens(10, 'b'), 2);
    bench.run(1000);
    assert.deepEqual(bench.events, ['20 a 1', '30 a 1', '40 a 1', '40 a end', '40 b 1', '50 b 1', '50 b end']);
  });

  test('gives the tokens of several steps at once when it is looked at late', () => {
    const bench = new Bench();
    bench.submit('a', tokens(10), 5);
    bench.engine.advance(45);
    assert.deepEqual(bench.events.map((event) => event.slice(-1)), ['3']);
  });

  test('takes longer steps under load', () => {
    const bench = new Bench({ loadFactor: 3, maxRunning: 2, prefillOverheadMs: 0, prefillMsPerToken: 0 });
    bench.submit('a', 'a', 2);
    bench.submit('b', 'b', 2);
    bench.run(1000);
    assert.deepEqual(bench.events.filter((event) => event.endsWith('end')).map((event) => event.split(' ')[0]), ['30', '30']);
  });

  test('skips the blocks of a prompt that it has read before', () => {
    const bench = new Bench();
    const shared = tokens(64);
    bench.submit('a', shared + tokens(16, 'a'), 1);
    bench.run(500);
    const second = bench.submit('b', shared + tokens(16, 'b'), 1);
    bench.run(1000);
    assert.deepEqual(bench.events, ['90 a 1', '90 a end', '526 b 1', '526 b end']);
    assert.equal((second as Sequence).cachedTokens, 64);
    assert.deepEqual([bench.engine.totals.promptTokens, bench.engine.totals.cachedTokens], [160, 64]);
  });

  test('does not mix up models', () => {
    const bench = new Bench({ loraLoadMs: 0 });
    bench.submit('a', tokens(64), 1);
    bench.run(500);
    const other = bench.submit('b', tokens(64), 1, 'lora');
    bench.run(1000);
    assert.equal((other as Sequence).cachedTokens, 0);
  });

  test('forgets blocks that were not used for the longest time', () => {
    const bench = new Bench({ cacheBlocks: 10 });
    for (const letter of ['a', 'b', 'c']) {
      bench.submit(letter, tokens(64, letter), 1);
      bench.run(1000 * (letter.charCodeAt(0) - 96));
    }
    const cached = (letter: string): number => {
      const sequence = bench.submit(letter, tokens(64, letter), 1) as Sequence;
      bench.run(10_000 + bench.engine.totals.requests);
      return sequence.cachedTokens;
    };
    assert.deepEqual([cached('c'), cached('b'), cached('a')], [63, 63, 16]);
  });

  test('runs so many at once, and lets the others wait in order', () => {
    const bench = new Bench({ maxRunning: 1, maxWaiting: 1 });
    bench.submit('a', 'a', 1);
    bench.submit('b', 'b', 1);
    assert.deepEqual([bench.engine.running, bench.engine.waiting, bench.submit('c', 'c', 1)], [1, 1, 'full']);
    bench.run(1000);
    assert.deepEqual(bench.events, ['11 a 1', '11 a end', '22 b 1', '22 b end']);
  });

  test('lets wait who has no room in the cache, and refuses who never will', () => {
    const bench = new Bench({ cacheBlocks: 4 });
    bench.submit('a', tokens(40, 'a'), 8);
    bench.submit('b', tokens(40, 'b'), 8);
    assert.deepEqual([bench.engine.running, bench.engine.waiting, bench.engine.cacheUsage], [1, 1, 0.75]);
    assert.equal(bench.submit('c', tokens(64), 1), 'too long');
    bench.run(1000);
    assert.equal(bench.events.at(-1), '240 b end');
  });

  test('loads adapters, so many at once, and others overtake who waits for one', () => {
    const bench = new Bench({ maxLora: 1, loraLoadMs: 100 });
    bench.submit('a', 'a', 1, 'one');
    bench.submit('b', 'b', 1, 'two');
    bench.submit('c', 'c', 1);
    assert.deepEqual(bench.engine.adapters, { running: ['one'], waiting: ['two'] });
    bench.run(1000);
    assert.deepEqual(bench.events.filter((event) => event.endsWith('end')), ['111 a end', '122 c end', '233 b end']);
    bench.submit('d', 'd', 1, 'two');
    bench.run(2000);
    assert.equal(bench.events.at(-1), '1011 d end');
  });

  test('forgets who has left, wherever it was', () => {
    const bench = new Bench({ maxRunning: 2 });
    const [decoding, prefilling, waiting] = ['a', 'b', 'c'].map((name) => bench.submit(name, tokens(10, name), 100) as Sequence);
    bench.submit('d', tokens(10, 'd'), 1);
    bench.run(25);
    for (const sequence of [waiting, decoding, prefilling]) bench.engine.cancel(sequence as Sequence, 25);
    assert.deepEqual([bench.engine.running, bench.engine.waiting], [1, 0]);
    bench.run(1000);
    assert.deepEqual(bench.events.slice(-1), ['60 d end']);
    assert.deepEqual([bench.engine.running, bench.engine.cacheUsage, bench.engine.next], [0, 0, Infinity]);
  });
});
