import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Chain, type Link } from './chain.ts';
import { IndexedHeap, type HeapItem } from './indexed-heap.ts';

interface Item extends HeapItem, Link<Item> {
  readonly value: number;
}

const item = (value: number): Item => ({ value, heapIndex: -1, before: undefined, after: undefined });

const steps = fc.array(fc.oneof(fc.record({ add: fc.integer({ min: 0, max: 20 }) }), fc.record({ remove: fc.nat() })), { maxLength: 200, size: 'max' });

test('a heap has the least first, whatever is taken from its middle', () => {
  fc.assert(
    fc.property(steps, (program) => {
      const heap = new IndexedHeap<Item>((a, b) => a.value - b.value);
      const twin: Item[] = [];
      for (const step of program) {
        if ('add' in step) {
          const fresh = item(step.add);
          heap.add(fresh);
          twin.push(fresh);
        } else if (twin.length > 0) {
          const [gone] = twin.splice(step.remove % twin.length, 1);
          assert.ok(gone);
          heap.remove(gone);
          heap.remove(gone);
          assert.ok(!heap.has(gone));
        }
        assert.equal(heap.size, twin.length);
        assert.equal(heap.first?.value ?? Infinity, Math.min(...twin.map(({ value }) => value)));
        assert.ok(twin.every((each) => heap.has(each)));
      }
      const values: number[] = [];
      for (let { first } = heap; first !== undefined; { first } = heap) {
        values.push(first.value);
        heap.remove(first);
      }
      assert.deepEqual(values, twin.map(({ value }) => value).sort((a, b) => a - b));
    }),
  );
});

test('a chain keeps its order, whatever is taken from it', () => {
  fc.assert(
    fc.property(steps, (program) => {
      const chain = new Chain<Item>();
      let twin: Item[] = [];
      for (const step of program) {
        if ('add' in step) {
          const fresh = item(step.add);
          chain.add(fresh);
          twin.push(fresh);
        } else if (twin.length > 0) {
          const gone = twin[step.remove % twin.length];
          assert.ok(gone);
          chain.remove(gone);
          twin = twin.filter((each) => each !== gone);
        }
        assert.equal(chain.first, twin[0]);
        assert.ok([...chain].every((each, i) => each === twin[i]));
      }
    }),
  );
});
