import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Change, Collection, Index, Read, Source } from './collection.ts';
import { Graph } from './graph.ts';
import { byText } from '../util/compare.ts';
import { equal } from '../util/equal.ts';

/** The only kind of value: small, so that outputs are often equal although inputs differ. */
interface Value {
  readonly n: number;
  readonly tags: readonly string[];
}

interface Reading {
  /** Which earlier collection, modulo how many there are. */
  readonly from: number;
  readonly how: 'get' | 'where';
  readonly shift: number;
}

/** One stage of a random graph. `throws` and `drops` say for which remainder a function throws or gives nothing. */
interface StageSpec {
  readonly op: 'derive' | 'recover' | 'expand' | 'group' | 'count';
  readonly input: number;
  readonly readings: readonly Reading[];
  readonly throws: number;
  readonly drops: number;
}

type Batch = readonly { readonly source: number; readonly key: number; readonly value: Value | undefined }[];

const sources = 2;
const keys = ['a', 'b', 'c', 'd', 'e', 'f'];
/** Keys that are read: those of sources, groups and expanded items. */
const readKeys = [...keys, 'x', 'y', 'a.0', 'b.1'];
const tags = ['x', 'y', 'z'];

const pick = (list: readonly string[], n: number): string => list[n % list.length] as string;
const byTags = (value: Value): Iterable<string> => value.tags;
const byNumber = (a: Value, b: Value): number => a.n - b.n;

/** What a stage's function computes, however it reads. */
function compute(spec: StageSpec, item: Value, read: (reading: Reading, key: string) => readonly Value[]): Value | undefined {
  let n = item.n;
  for (const reading of spec.readings) {
    const key = reading.how === 'get' ? pick(readKeys, n + reading.shift) : pick(tags, n + reading.shift);
    for (const value of read(reading, key)) n = (n * 7 + value.n + 1) % 1000;
  }
  if (n % 7 === spec.throws) throw new Error('on purpose');
  if (n % 7 === spec.drops) return undefined;
  return { n: n % 11, tags: [pick(tags, n), pick(tags, n >> 2)] };
}

function expandInto(spec: StageSpec, value: Value | undefined, key: string): [string, Value][] {
  if (value === undefined) return [];
  return Array.from({ length: (value.n + spec.input) % 3 }, (_, i) => [`${key}.${i}`, { ...value, n: value.n + i }]);
}

const recovered: Value = { n: 1, tags: ['x'] };

function summary(members: readonly Value[]): Value {
  return { n: members.reduce((sum, { n }) => (sum * 3 + n) % 13, members.length), tags: members.slice(0, 2).flatMap((member) => member.tags) };
}

const counted = (count: number): Value => ({ n: count, tags: [pick(tags, count)] });

/** All collections, computed from scratch. */
function naive(specs: readonly StageSpec[], inputs: readonly ReadonlyMap<string, Value>[]): ReadonlyMap<string, Value>[] {
  const collections = [...inputs];
  for (const spec of specs) {
    const earlier = [...collections];
    const input = earlier[spec.input % earlier.length] as ReadonlyMap<string, Value>;
    const output = new Map<string, Value>();
    const read = ({ from, how }: Reading, key: string): readonly Value[] => {
      const collection = earlier[from % earlier.length] as ReadonlyMap<string, Value>;
      if (how === 'get') return collection.has(key) ? [collection.get(key) as Value] : [];
      return sorted(collection).filter(([, value]) => value.tags.includes(key)).map(([, value]) => value);
    };
    const attempt = (item: Value): Value | undefined => {
      try {
        return compute(spec, item, read);
      } catch {
        return spec.op === 'recover' ? recovered : undefined;
      }
    };
    switch (spec.op) {
      case 'derive':
      case 'recover':
        for (const [key, item] of input) {
          const value = attempt(item);
          if (value !== undefined) output.set(key, value);
        }
        break;
      case 'expand':
        for (const [key, item] of input) for (const [outputKey, value] of expandInto(spec, attempt(item), key)) output.set(outputKey, value);
        break;
      case 'group':
      case 'count':
        for (const tag of tags) {
          const members = sorted(input).filter(([, value]) => value.tags.includes(tag)).map(([, value]) => value);
          if (members.length > 0) output.set(tag, spec.op === 'count' ? counted(members.length) : summary(members.sort(byNumber)));
        }
        break;
    }
    collections.push(output);
  }
  return collections;
}

function sorted<V>(collection: Iterable<[string, V]>): [string, V][] {
  return [...collection].sort(([a], [b]) => byText(a, b));
}

interface Run {
  readonly item: Value;
  readonly readings: { readonly look: () => unknown; readonly saw: unknown }[];
}

/** The same graph in the engine, instrumented: complains of runs without a reason and of inexact change sets. */
class Engine {
  readonly graph: Graph;
  readonly sources: Source<Value>[];
  readonly collections: Collection<Value>[];
  readonly indexes: Index<Value>[];
  readonly heard: Map<string, Value>[] = [];
  readonly complaints: string[] = [];
  readonly #runs = new Map<string, Run>();

  constructor(specs: readonly StageSpec[]) {
    this.graph = new Graph({ onError: ({ error }) => this.#expectPurpose(error) });
    this.sources = Array.from({ length: sources }, (_, i) => this.graph.source<Value>(`source${i}`));
    this.collections = [...this.sources];
    this.indexes = this.collections.map((collection) => collection.index('tag', byTags));
    specs.forEach((spec, i) => {
      const collection = this.#stage(`stage${i}`, spec);
      this.collections.push(collection);
      this.indexes.push(collection.index('tag', byTags));
    });
    this.collections.forEach((collection, i) => {
      const heard = new Map<string, Value>();
      this.heard.push(heard);
      collection.subscribe((changes) => {
        for (const [key, change] of changes) this.#hear(`${collection.name} ${key} in round ${i}`, heard, key, change);
      });
    });
  }

  #expectPurpose(error: unknown): void {
    if (!(error instanceof Error) || error.message !== 'on purpose') this.complaints.push(String(error));
  }

  #hear(where: string, heard: Map<string, Value>, key: string, { before, after }: Change<Value>): void {
    if (!equal(heard.get(key), before)) this.complaints.push(`${where}: before is not what was heard`);
    if (equal(before, after)) this.complaints.push(`${where}: told of no change`);
    if (after === undefined) heard.delete(key);
    else heard.set(key, after);
  }

  #stage(name: string, spec: StageSpec): Collection<Value> {
    const { graph } = this;
    const count = this.collections.length;
    const input = this.collections[spec.input % count] as Collection<Value>;
    // An item that went and came back has a reason to run.
    input.subscribe((changes) => {
      for (const [key, { after }] of changes) if (after === undefined) this.#runs.delete(`${name} ${key}`);
    });
    const run = (item: Value, read: Read, key: string): Value | undefined => {
      const readings: Run['readings'] = [];
      this.#expectReason(`${name} ${key}`, item);
      this.#runs.set(`${name} ${key}`, { item, readings });
      return compute(spec, item, ({ from, how }, readKey) => {
        const collection = this.collections[from % count] as Collection<Value>;
        const index = this.indexes[from % count] as Index<Value>;
        // Two values under different keys are different members, though they may be equal.
        const look = (): unknown =>
          how === 'get' ? collection.get(readKey) : sorted(collection.entries()).filter(([, member]) => member.tags.includes(readKey));
        readings.push({ look, saw: look() });
        if (how === 'where') return read.where(index, readKey);
        const found = read.get(collection, readKey);
        return found === undefined ? [] : [found];
      });
    };
    switch (spec.op) {
      case 'derive':
        return graph.derive(name, input, run);
      case 'recover':
        return graph.derive(name, input, run, { recover: () => recovered });
      case 'expand':
        return graph.expand(name, input, (item, read, key) => expandInto(spec, run(item, read, key), key));
      case 'group':
        return graph.derive(name, graph.group(`${name} members`, input, byTags, byNumber), summary);
      case 'count':
        return graph.derive(name, graph.count(`${name} number`, input, byTags), counted);
    }
  }

  #expectReason(where: string, item: Value): void {
    const last = this.#runs.get(where);
    if (last === undefined || !equal(last.item, item)) return;
    if (last.readings.every(({ look, saw }) => equal(look(), saw))) this.complaints.push(`${where} ran for no reason`);
  }

  apply(batch: Batch): void {
    for (const { source, key, value } of batch) {
      const target = this.sources[source] as Source<Value>;
      if (value === undefined) target.delete(pick(keys, key));
      else target.set(pick(keys, key), value);
    }
    this.graph.settle();
  }

  contents(): Map<string, Value>[] {
    return this.collections.map((collection) => new Map(collection.entries()));
  }
}

const value = fc.record({ n: fc.nat(10), tags: fc.uniqueArray(fc.constantFrom(...tags), { maxLength: 2 }) }, { noNullPrototype: true });

const stage: fc.Arbitrary<StageSpec> = fc.record({
  op: fc.constantFrom('derive', 'derive', 'recover', 'expand', 'group', 'count'),
  input: fc.nat(20),
  readings: fc.array(fc.record({ from: fc.nat(20), how: fc.constantFrom('get', 'where'), shift: fc.nat(5) }), { maxLength: 3 }),
  throws: fc.integer({ min: 0, max: 20 }),
  drops: fc.integer({ min: 0, max: 20 }),
});

const batch: fc.Arbitrary<Batch> = fc.uniqueArray(
  fc.record({
    source: fc.nat(sources - 1),
    key: fc.nat(keys.length - 1),
    value: fc.option(value, { nil: undefined, freq: 4 }),
  }),
  { maxLength: 6, selector: ({ source, key }) => `${source}/${key}` },
);

const graphs = fc.array(stage, { minLength: 1, maxLength: 7 });
const programs = fc.array(batch, { minLength: 1, maxLength: 12 });

function applyNaively(inputs: Map<string, Value>[], writes: Batch): void {
  for (const { source, key, value: written } of writes) {
    const input = inputs[source] as Map<string, Value>;
    if (written === undefined) input.delete(pick(keys, key));
    else input.set(pick(keys, key), written);
  }
}

function asObjects(collections: readonly ReadonlyMap<string, Value>[]): unknown[] {
  return collections.map((collection) => Object.fromEntries(sorted(collection)));
}

test('random graphs under random programs equal a computation from scratch after each settle', () => {
  fc.assert(
    fc.property(graphs, programs, (specs, program) => {
      const engine = new Engine(specs);
      const inputs = Array.from({ length: sources }, () => new Map<string, Value>());
      for (const writes of program) {
        engine.apply(writes);
        applyNaively(inputs, writes);
        assert.deepEqual(asObjects(engine.contents()), asObjects(naive(specs, inputs)));
        assert.deepEqual(asObjects(engine.heard), asObjects(engine.contents()));
        assert.deepEqual(engine.complaints, []);
      }
    }),
    { numRuns: 1_500 },
  );
});

test('the order of writes and the number of settles between them make no difference', () => {
  fc.assert(
    fc.property(graphs, programs, (specs, program) => {
      const inOrder = new Engine(specs);
      const backwards = new Engine(specs);
      const oneByOne = new Engine(specs);
      for (const writes of program) {
        inOrder.apply(writes);
        backwards.apply([...writes].reverse());
        for (const write of writes) oneByOne.apply([write]);
      }
      assert.deepEqual(asObjects(backwards.contents()), asObjects(inOrder.contents()));
      assert.deepEqual(asObjects(oneByOne.contents()), asObjects(inOrder.contents()));
    }),
    { numRuns: 300 },
  );
});

test('outputs may move from one item to another in one settle', () => {
  const slots = fc.shuffledSubarray(['p', 'q', 'r', 's', 't'], { minLength: 0 });
  fc.assert(
    fc.property(fc.array(slots, { minLength: 1, maxLength: 8 }), (program) => {
      const graph = new Graph();
      const items = graph.source<string>('items');
      const bySlot = graph.expand('by slot', items, (slot, _read, key) => [[slot, key]]);
      for (const assignment of program) {
        const wanted = new Map(assignment.map((slot, i) => [`item${i}`, slot]));
        for (const key of [...items.entries()].map(([key]) => key)) if (!wanted.has(key)) items.delete(key);
        for (const [key, slot] of wanted) items.set(key, slot);
        graph.settle();
        assert.deepEqual(new Map(sorted(bySlot.entries())), new Map(sorted([...wanted].map(([key, slot]) => [slot, key]))));
      }
    }),
  );
});
